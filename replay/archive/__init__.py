"""The archive: JSON lines by day, the ledger that knows how long each file truly is, and how long they are kept."""
