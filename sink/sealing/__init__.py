"""The sealed record: a daily, chained digest of what was stored, and the check of it: docs/sealed.md."""
