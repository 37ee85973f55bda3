"""One side against another: do signals that somebody said yes to win more often than those that he said no to? Pure.

Both sides are averaged over the weeks with the same weights, so that a good week in which yes happened to be said
often is not taken for its merit (direct standardisation, with Cochran's weights n·m/(n+m): "Some Methods for
Strengthening the Common χ² Tests", Biometrics 10, 1954; older weeks weigh less, as in `pooling`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reports.evidence.pooling import weights
from reports.evidence.statistics import difference_interval
from reports.evidence.verdict import Kind

#: Of fewer closed signals on a side nothing is said: two handfuls part by chance too often.
FEWEST = 5
#: Beyond this many times the data, "how many more" says nothing any more.
_MOST_TIMES = 200.0


class Week(NamedTuple):
    """Closed signals and wins of one week on either side."""

    wins: int
    n: int
    other_wins: int
    other_n: int


class Contrast(NamedTuple):
    """What is known of one side against the other.

    n, wins, other_n, other_wins: as they were counted. lift: winrate of the one less that of the other, as a share,
    None if no week has both; interval: 95 % of it. kind: OK if the interval lies above zero, BROKEN if below, else NOT
    ENOUGH DATA, and then more_per_side: with winrates as they are about so many more closed on each side would settle
    it (None: not within reach).
    """

    wins: int
    n: int
    other_wins: int
    other_n: int
    lift: float | None
    interval: tuple[float, float] | None
    kind: Kind
    more_per_side: int | None


class _Standard(NamedTuple):
    """Both winrates under the same weights of weeks, and how many signals know as much."""

    rate: float
    n: float
    other_rate: float
    other_n: float

    def interval(self, times: float = 1.0) -> tuple[float, float]:
        n, other_n = self.n * times, self.other_n * times
        return difference_interval(self.rate * n, n, self.other_rate * other_n, other_n)


def contrast(weeks: Sequence[Week]) -> Contrast:
    """Compare the sides over weeks, the newest first."""
    wins, n, other_wins, other_n = (sum(counts) for counts in zip(Week(0, 0, 0, 0), *weeks, strict=True))
    found = _standardised(weeks)
    if found is None:
        return Contrast(wins, n, other_wins, other_n, None, None, Kind.NOT_ENOUGH_DATA, None)
    lift, interval = found.rate - found.other_rate, found.interval()
    kind = side_of_zero(interval) if min(n, other_n) >= FEWEST else Kind.NOT_ENOUGH_DATA
    more = _more(found, min(n, other_n)) if kind is Kind.NOT_ENOUGH_DATA else None
    return Contrast(wins, n, other_wins, other_n, lift, interval, kind, more)


def side_of_zero(interval: tuple[float, float] | None) -> Kind:
    """OK if an interval lies above zero, BROKEN if below, else NOT ENOUGH DATA."""
    low, high = interval or (0.0, 0.0)
    return Kind.OK if low > 0 else Kind.BROKEN if high < 0 else Kind.NOT_ENOUGH_DATA


def _standardised(weeks: Sequence[Week]) -> _Standard | None:
    """The effective sizes are Kish's: how many signals of one week would be as sure of the rate."""
    both = [(w, one) for w, one in zip(weights(len(weeks)), weeks, strict=True) if one.n and one.other_n]
    if not both:
        return None
    shares = [w * one.n * one.other_n / (one.n + one.other_n) for w, one in both]
    total = sum(shares)
    pairs = [(share / total, one) for share, (_, one) in zip(shares, both, strict=True)]
    return _Standard(
        sum(share * one.wins / one.n for share, one in pairs),
        1 / sum(share**2 / one.n for share, one in pairs),
        sum(share * one.other_wins / one.other_n for share, one in pairs),
        1 / sum(share**2 / one.other_n for share, one in pairs),
    )


def _more(found: _Standard, fewest: int) -> int | None:
    """How many more on each side would settle it if both winrates stayed as they are."""
    for times in np.geomspace(1.0, _MOST_TIMES, 120):
        settled = side_of_zero(found.interval(float(times))) is not Kind.NOT_ENOUGH_DATA
        if settled and fewest * times >= FEWEST:
            return math.ceil((float(times) - 1) * (found.n + found.other_n) / 2)
    return None
