"""How often layers are judged rightly: worlds in which it is known which layer hurts and which helps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from reports.evidence.pooling import WEEKS
from reports.layers.findings import FEWEST_WEEKS, find
from reports.layers.lift import Pattern
from reports.layers.weights import nudge

#: What a match of each layer adds to the chance of winning.
WORLDS = {
    "one hurts": (-0.15, 0.0, 0.0, 0.0, 0.0, 0.0),
    "one hurts, one helps": (-0.15, 0.15, 0.0, 0.0, 0.0, 0.0),
    "none does anything": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
}
CLOSED_PER_WEEK = 100
RUNS = 200
SEED = 20220117
_CORRELATION = 0.3
_BASE = 0.5
_WEIGHT = Decimal("0.15")


class Rates(NamedTuple):
    """One world. poison_found: runs in which the layer that hurts was found within 8 weeks; poison_lowered: runs in
    which its weight was; null_touched: weeks in which a layer that does nothing was judged, on average over them."""

    world: str
    poison_found: float
    poison_lowered: float
    null_touched: float


def simulate(runs: int = RUNS, seed: int = SEED) -> list[Rates]:
    """The rates in every world. The same seed gives the same figures."""
    generator = np.random.default_rng(seed)
    return [_world(name, adds, runs, generator) for name, adds in WORLDS.items()]


def _world(name: str, adds: tuple[float, ...], runs: int, generator: np.random.Generator) -> Rates:
    found = lowered = touched = judged_weeks = 0
    weights = dict.fromkeys(_names(len(adds)), _WEIGHT)
    nulls = {name for name, added in zip(weights, adds, strict=True) if not added}
    for _ in range(runs):
        seen = fell = False
        for patterns in _history(adds, generator):
            findings = find(patterns)
            verdicts = {one.layer: one.verdict for one in findings}
            changed = nudge(weights, findings) or weights
            seen |= verdicts.get("layer0", 0) < 0
            fell |= changed["layer0"] < _WEIGHT
            touched += sum(verdicts.get(layer, 0) != 0 for layer in nulls)
            judged_weeks += len(nulls)
        found += seen
        lowered += fell
    return Rates(name, found / runs, lowered / runs, touched / judged_weeks)


def _history(adds: tuple[float, ...], generator: np.random.Generator) -> Iterator[list[Pattern]]:
    """What is known at the end of each of eight weeks, from the first that can be judged on."""
    past: list[list[Pattern]] = []
    for number in range(1, WEEKS + 1):
        past.insert(0, list(_patterns(_week(adds, generator))))
        if number >= FEWEST_WEEKS:
            yield [Pattern(age, *one[1:]) for age, week in enumerate(past) for one in week]


def _week(adds: tuple[float, ...], generator: np.random.Generator) -> Counter[tuple[bytes, bool]]:
    """A week of closed signals. Matches are correlated: normals with one common factor, cut at zero."""
    own = generator.standard_normal((CLOSED_PER_WEEK, len(adds)))
    common = generator.standard_normal((CLOSED_PER_WEEK, 1))
    matched = ndtr(_CORRELATION**0.5 * common + (1 - _CORRELATION) ** 0.5 * own) > 0.5
    won = generator.random(CLOSED_PER_WEEK) < _BASE + matched @ np.array(adds)
    return Counter((row.tobytes(), bool(win)) for row, win in zip(matched, won, strict=True))


def _patterns(week: Counter[tuple[bytes, bool]]) -> Iterator[Pattern]:
    """Of the newest week."""
    for row in {row for row, _ in week}:
        wins, losses = week[row, True], week[row, False]
        yield Pattern(0, dict(zip(_names(len(row)), map(bool, row), strict=True)), wins + losses, wins)


@cache
def _names(count: int) -> tuple[str, ...]:
    return tuple(f"layer{place}" for place in range(count))
