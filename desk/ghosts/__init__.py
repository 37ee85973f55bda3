"""What people ask of ghosts below an alert or by a command, and what they are told of it."""
