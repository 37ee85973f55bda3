"""The dashboard and the HTTP API: what is recorded, one click from its events."""
