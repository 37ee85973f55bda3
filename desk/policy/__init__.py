"""What is decided of an alert: whether it is sent, and how large its position may be. Pure."""
