"""What bets change: coverage of the 95 % intervals, and how often the verdict is wrong, where coins move together.

Signals come in bets of one to five coins. Outcomes of a bet share a part of what decides them (a normal copula); in the
last world the bets of neighbouring hours share some of it too, which an hour's bets do not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from reports.evidence.clusters import Sums, correlation, design_effect
from reports.evidence.statistics import wilson_interval
from reports.evidence.verdict import kinds

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class World(NamedTuple):
    """shared: how much of what decides an outcome its bet shares; next_hour: what of that the next hour's has, too."""

    name: str
    shared: float
    next_hour: float = 0.0


WORLDS = (
    World("each for itself", 0.0),
    World("some together", 0.3),
    World("as one", 0.8),
    World("as one, for hours", 0.8, 0.5),
)
_FLAT = (0.50, 0.50, 0.50, 0.50)
_RISING = (0.45, 0.50, 0.55, 0.60)
CLOSED_PER_BIN = (20, 50, 200)
RUNS, SEED = 1000, 20220117
_COINS = 5


class Rates(NamedTuple):
    """Shares of runs, with every signal counted as one (plain) and with bets.

    covered: 95 % intervals of the winrate of all that hold the truth; flat_ok, flat_broken: a score that means nothing
    is called so; rising_ok: a score that works is.
    """

    world: str
    closed_per_bin: int
    covered_plain: float
    covered: float
    flat_ok_plain: float
    flat_ok: float
    flat_broken_plain: float
    flat_broken: float
    rising_ok_plain: float
    rising_ok: float


class _Week(NamedTuple):
    """The bins of a run: n, wins, and by how much both are divided; of all: wins, n, its design effect."""

    n: Floats
    wins: Floats
    effects: Floats
    whole: tuple[float, float, float]


def simulate(runs: int = RUNS, seed: int = SEED) -> list[Rates]:
    """The rates in every world at every size. The same seed gives the same figures."""
    generator = np.random.default_rng(seed)
    return [_rates(generator, world, size, runs) for world in WORLDS for size in CLOSED_PER_BIN]


def _rates(generator: np.random.Generator, world: World, size: int, runs: int) -> Rates:
    flat = list(_weeks(generator, world, _FLAT, size, runs))
    rising = list(_weeks(generator, world, _RISING, size, runs))
    (ok_plain, broken_plain), (ok, broken) = _judged(flat, bets=False), _judged(flat, bets=True)
    covered_plain = _covered([(wins, n) for wins, n, _ in (one.whole for one in flat)])
    covered = _covered([(wins / d, n / d) for wins, n, d in (one.whole for one in flat)])
    works_plain, works = (_judged(rising, bets=bets)[0] for bets in (False, True))
    wrong = (ok_plain, ok, broken_plain, broken)
    return Rates(world.name, size, covered_plain, covered, *wrong, works_plain, works)


def _covered(counts: list[tuple[float, float]]) -> float:
    held = [low <= 0.5 <= high for low, high in (wilson_interval(wins, n) for wins, n in counts)]
    return sum(held) / len(held)


def _judged(weeks: list[_Week], *, bets: bool) -> tuple[float, float]:
    by = np.stack([one.effects for one in weeks]) if bets else np.ones((len(weeks), len(_FLAT)))
    n, wins = (np.stack([getattr(one, what) for one in weeks]) for what in ("n", "wins"))
    ok, broken = kinds(wins / by, n / by)
    return float(ok.mean()), float(broken.mean())


def _weeks(
    generator: np.random.Generator, world: World, truth: tuple[float, ...], size: int, runs: int
) -> Iterator[_Week]:
    total = size * len(truth)
    for _ in range(runs):
        bet = np.repeat(np.arange(total), generator.integers(1, _COINS + 1, total))[:total]
        bins = generator.permutation(np.repeat(np.arange(len(truth)), size))
        common = _common(generator, world, int(bet[-1]) + 1)[bet]
        decides = world.shared**0.5 * common + (1 - world.shared) ** 0.5 * generator.standard_normal(total)
        won = (decides < ndtri(np.array(truth))[bins]).astype(float)
        yield _week(bet, bins, won, len(truth))


def _common(generator: np.random.Generator, world: World, bets: int) -> Floats:
    """What the outcomes of each bet share, standard normal."""
    own, keeps = generator.standard_normal(bets), world.next_hour
    if not keeps:
        return own
    common = own.copy()
    for place in range(1, bets):
        common[place] = keeps * common[place - 1] + (1 - keeps**2) ** 0.5 * own[place]
    return common


def _week(bet: Ints, bins: Ints, won: Floats, count: int) -> _Week:
    sizes, sums = np.bincount(bet).astype(float), np.bincount(bet, weights=won)
    n, total = len(won), float(won.sum())
    squares = float((sizes**2).sum())
    rho = correlation(Sums(n, len(sizes), squares, total, total, float((sums**2 / sizes).sum())))
    cells = np.bincount(bins * len(sizes) + bet, minlength=count * len(sizes)).reshape(count, -1)
    in_bin = cells.sum(1).astype(float)
    effects = [design_effect(m, float(s), rho) for m, s in zip(in_bin, (cells**2).sum(1), strict=True)]
    wins = np.bincount(bins, weights=won, minlength=count)
    return _Week(
        in_bin, wins.astype(float), np.array(effects), (total, float(n), design_effect(n, squares, rho))
    )
