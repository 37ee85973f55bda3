"""`python -m tests.simulation.mutations`."""

from tests.simulation.mutations.hunt import main

if __name__ == "__main__":
    main()
