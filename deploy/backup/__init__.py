"""Backups: the database as one moment, the archive's files, and what says whether both are whole."""
