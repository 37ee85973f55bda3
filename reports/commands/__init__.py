"""What the command line parses and prints."""
