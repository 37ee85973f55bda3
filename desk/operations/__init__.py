"""What the desk can do for a person, from a command, a chat or a page."""
