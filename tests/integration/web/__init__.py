"""The dashboard and its API against real servers."""
