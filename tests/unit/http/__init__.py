"""What the HTTP hooks of all frameworks share."""
