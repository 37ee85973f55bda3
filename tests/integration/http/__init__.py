"""The HTTP hooks around real servers."""
