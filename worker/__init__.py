"""Stream to sink: read, validate, write, acknowledge.

The room `consumer` reads, decodes and acknowledges; here is what a batch is written to, and what a person asks:
status, dead letters.
"""
