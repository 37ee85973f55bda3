"""Black box and time machine: the archive of everything recorded, its retention, and replays of any stretch of it."""
