"""`python -m tests.simulation`: under the one order of sets that makes a run a function of its seed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def main() -> None:
    """Start anew with what is needed in the environment, or go on if it is there."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        places = [str(_ROOT / "producer"), str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(places)}
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], environment)
    from tests.simulation.command import main

    main()


if __name__ == "__main__":
    main()
