"""How often the verdict is right: four worlds in which the truth is known, at several sample sizes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reports.evidence.verdict import kinds

#: The true winrate of each bin.
WORLDS = {
    "truly rising": (0.45, 0.50, 0.55, 0.60),
    "flat": (0.50, 0.50, 0.50, 0.50),
    "inverted": (0.60, 0.55, 0.50, 0.45),
    "one bad bin": (0.45, 0.52, 0.44, 0.60),
}
CLOSED_PER_BIN = (10, 20, 50, 200, 1000)
RUNS = 2000
SEED = 20220117


class Rates(NamedTuple):
    """The share of runs with each verdict."""

    world: str
    closed_per_bin: int
    ok: float
    broken: float
    not_enough_data: float


def simulate(runs: int = RUNS, seed: int = SEED) -> list[Rates]:
    """The rates in every world at every size. The same seed gives the same figures."""
    generator = np.random.default_rng(seed)
    results = []
    for world, truth in WORLDS.items():
        for size in CLOSED_PER_BIN:
            n = np.full((runs, len(truth)), float(size))
            wins: Any = generator.binomial(size, truth, size=(runs, len(truth)))
            ok, broken = kinds(wins, n)
            share_ok, share_broken = float(ok.mean()), float(broken.mean())
            results.append(Rates(world, size, share_ok, share_broken, 1 - share_ok - share_broken))
    return results
