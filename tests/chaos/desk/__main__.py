"""`python -m tests.chaos.desk [ALERTS [CLICKS]]`: the desk's part of the matrix alone."""

from __future__ import annotations

import sys

from tests.chaos.desk.all import run_desk

if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    wrong = run_desk(*(given + [2_000, 1_000][len(given) :]), seed=20220117)
    for line in wrong:
        sys.stdout.write(f"❌ {line}\n")
    sys.exit(1 if wrong else 0)
