"""Entries to rows or dead letters."""
