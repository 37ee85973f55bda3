"""Consuming the stream in a group: reading, taking over, acknowledging, trimming. For workers and archivers.

Nothing here is imported by an engine that only emits.
"""
