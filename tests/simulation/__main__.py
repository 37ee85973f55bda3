"""`python -m tests.simulation`: see `command`."""

from tests.simulation.command import main

if __name__ == "__main__":
    main()
