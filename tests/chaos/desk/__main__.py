"""`python -m tests.chaos.desk [ALERTS [CLICKS]]`: the desk's part of the matrix alone."""

from __future__ import annotations

import sys

from tests.chaos.desk.all import run_desk

if __name__ == "__main__":
    alerts, clicks = [*map(int, sys.argv[1:]), 2_000, 1_000][:2]
    wrong = run_desk(alerts, clicks, seed=20220117)
    for line in wrong:
        sys.stdout.write(f"❌ {line}\n")
    sys.exit(1 if wrong else 0)
