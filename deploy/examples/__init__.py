"""Engines and additions to engines as one would write them: to be read, run and taken from."""
