"""Numbered SQL files, applied in order, each once. A file that was released is never changed: add another."""
