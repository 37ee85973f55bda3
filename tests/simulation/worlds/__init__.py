"""Worlds: each puts some rooms of the product on simulated machines, lets things go wrong, and says what must hold.

`base` has what all of them share. A new room gets a world of its own, or a place in one: see docs/simulation.md.
"""
