"""The verdict of three: OK, BROKEN, NOT ENOUGH DATA.

BROKEN if a bin demonstrably wins less often than the bin below it (posterior probability above 1 - 0.05/m for
one of the m neighbouring pairs, which is what Holm's first step asks of the clearest one: Holm, Scandinavian
Journal of Statistics 6, 1979), or if the trend over all bins falls (one-sided 5 %). OK if the trend rises
(one-sided 5 %) and no neighbouring pair leans clearly the other way. Anything else is not settled by the data.
`simulation` measures how often this is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reports.evidence.statistics import Floats, decrease_probability, trend_z

Flags = NDArray[np.bool_]

ALPHA = 0.05
#: One-sided normal quantile of ALPHA.
Z_LIMIT = 1.6448536269514722
#: A pair that leans against the order with more than this probability forbids an OK. Chosen so that, at 200 closed
#: signals per bin, both a score that works is seen (OK 86 %) and a single bad bin is not overlooked (OK 19 %).
LEANING = 0.79
#: Beyond this many times the data, "how many more" says nothing any more.
_MOST_TIMES = 200.0
#: So many verdicts are remembered: a page, a message and a picture ask for the same weeks again and again, and how many
#: signals more would settle one takes 30 ms.
_KEPT = 512


class Kind(StrEnum):
    """The three verdicts."""

    OK = "OK"
    BROKEN = "BROKEN"
    NOT_ENOUGH_DATA = "NOT ENOUGH DATA"


class ScoreVerdict(NamedTuple):
    """A verdict and what it rests on.

    trend: the Cochran–Armitage z; worst: labels of the neighbouring pair that leans most against the order, with
    the probability of it; more_per_bin: with winrates as they are, about so many more closed signals per bin would
    settle it (None: settled, or not within reach).
    """

    kind: Kind
    trend: float
    worst: tuple[str, str, float] | None
    more_per_bin: int | None
    #: whether the pair in `worst` alone makes it BROKEN
    falls_in_one_pair: bool = False


class Counted(NamedTuple):
    """Closed signals and wins of one bin; fractions where weeks were pooled."""

    label: str
    wins: float
    n: float


def judge(bins: Sequence[Counted]) -> ScoreVerdict:
    """The verdict on the non-empty bins, in order of the score."""
    return _judged(tuple(one for one in bins if one.n > 0))


@lru_cache(_KEPT)
def _judged(filled: tuple[Counted, ...]) -> ScoreVerdict:
    if len(filled) < 2:
        return ScoreVerdict(Kind.NOT_ENOUGH_DATA, 0.0, None, None)
    wins, n = np.array([one.wins for one in filled]), np.array([one.n for one in filled])
    kind = _kind(wins, n)
    against = decrease_probability(wins, n)
    place = int(against.argmax())
    worst = (filled[place].label, filled[place + 1].label, float(against[place]))
    more = _more_per_bin(wins, n) if kind is Kind.NOT_ENOUGH_DATA else None
    falls = bool(against.max() > 1 - ALPHA / against.size)
    return ScoreVerdict(kind, float(trend_z(wins, n)), worst, more, falls)


def more_signals(verdict: ScoreVerdict, counted: Sequence[Counted], each: Sequence[Counted]) -> ScoreVerdict:
    """The verdict, with how many more are wanted in signals as they come. each: the bins, each signal its own bet."""
    independent, all_of_them = (sum(one.n for one in some) for some in (counted, each))
    if verdict.more_per_bin is None or not independent:
        return verdict
    return verdict._replace(more_per_bin=math.ceil(verdict.more_per_bin * all_of_them / independent))


def kinds(wins: Any, n: Any) -> tuple[Flags, Flags]:
    """For many sets of bins at once: (which are OK, which are BROKEN), as booleans."""
    trend = trend_z(wins, n)
    against = decrease_probability(wins, n)
    pairs = against.shape[-1]
    broken = (against.max(-1) > 1 - ALPHA / pairs) | (trend < -Z_LIMIT)
    ok = ~broken & (trend > Z_LIMIT) & (against.max(-1) < LEANING)
    return ok, broken


def _kind(wins: Floats, n: Floats) -> Kind:
    ok, broken = kinds(wins, n)
    return Kind.BROKEN if broken else Kind.OK if ok else Kind.NOT_ENOUGH_DATA


def _more_per_bin(wins: Floats, n: Floats) -> int | None:
    """How many more signals per bin would settle it if every winrate stayed as it is."""
    times = np.geomspace(1.0, _MOST_TIMES, 120)
    ok, broken = kinds(wins * times[:, None], n * times[:, None])
    settled = np.flatnonzero(ok | broken)
    if not settled.size:
        return None
    return math.ceil(float((times[settled[0]] - 1) * n.mean()))
