"""What the trader's clicks on alerts were worth: thumbs and Took/Skipped held against what became of the signals."""
