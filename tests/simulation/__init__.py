"""Deterministic simulation: the product's own code in one process, under a seeded scheduler."""
