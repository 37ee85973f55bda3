"""`python -m tests.simulation.mutations`."""

from tests.simulation.mutations.hunt import main

main()
