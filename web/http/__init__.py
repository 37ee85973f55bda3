"""What holds for every answer, whichever page or call it is: ids, headers, errors, who may, how often."""
