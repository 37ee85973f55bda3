"""Lift of a layer: winrate of the signals it matched, less the winrate of all. Pure.

Weeks are compared each with itself and then pooled, older ones weighing less, so that a good week in which a layer
happened to match often is not taken for the layer's merit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from reports.evidence.pooling import WEEKS, weights
from reports.evidence.statistics import moved_variance

_Z = float(ndtri(0.975))


class Pattern(NamedTuple):
    """Closed signals of one week of which the layers said the same.

    age: weeks before the newest (0); layers: whether each named layer matched.
    """

    age: int
    layers: dict[str, bool]
    closed: int
    wins: int


class Lift(NamedTuple):
    """The pooled lift of one layer, as shares (0.07 is seven points).

    matches: closed signals it matched; interval: 95 %; shrunk: the lift drawn towards zero (see `shrink`); found:
    whether it is a discovery at a false discovery rate of 5 %; weeks_same: weeks, out of those that say anything,
    in which it had the sign of the pooled one.
    """

    layer: str
    matches: int
    lift: float
    interval: tuple[float, float]
    shrunk: float
    found: bool
    weeks_same: int
    weeks: int

    @property
    def off_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval[0] > 0 or self.interval[1] < 0


class _Week(NamedTuple):
    matches: int
    match_wins: int
    closed: int
    wins: int


class _Pooled(NamedTuple):
    layer: str
    matches: int
    lift: float
    error: float
    weeks_same: int
    weeks: int


def lifts(patterns: Sequence[Pattern]) -> list[Lift]:
    """The lift of every layer that is named, best first. Layers that always or never match have none."""
    names = sorted({name for one in patterns for name in one.layers})
    weeks = zip(names, _weeks(names, patterns) if names else (), strict=True)
    pooled = [found for name, of_it in weeks if (found := _pool(name, of_it)) is not None]
    if not pooled:
        return []
    lift, error = np.array([one.lift for one in pooled]), np.array([one.error for one in pooled])
    shrunk = shrink(lift, error)
    discovered = discoveries(2 * ndtr(-np.abs(lift / error)))
    results = [
        Lift(
            one.layer,
            one.matches,
            one.lift,
            (one.lift - _Z * one.error, one.lift + _Z * one.error),
            float(shrunk[place]),
            bool(discovered[place]),
            one.weeks_same,
            one.weeks,
        )
        for place, one in enumerate(pooled)
    ]
    return sorted(results, key=lambda one: (-one.lift, one.layer))


def shrink(lift: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Empirical Bayes: each lift drawn towards zero by how far its own error reaches.

    lift ~ N(true, error²), true ~ N(0, τ²), with τ² by the method of moments over the layers (Morris, "Parametric
    Empirical Bayes Inference", JASA 78, 1983).
    """
    precision = 1 / error**2
    spread = max(0.0, float((lift**2 * precision).sum() - lift.size) / float(precision.sum()))
    return np.asarray(lift * spread / (spread + error**2))


def discoveries(p_values: np.ndarray, level: float = 0.05) -> np.ndarray:
    """Which of these are discoveries, so that of all that are called so a share of `level` is false at most.

    Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995. scipy.stats has it too, but takes
    longer to load than a scorecard to compute.
    """
    order = np.sort(p_values)
    allowed = level * np.arange(1, len(order) + 1) / len(order)
    passing = order[order <= allowed]
    return p_values <= (passing[-1] if len(passing) else -1.0)


def _weeks(names: Sequence[str], patterns: Sequence[Pattern]) -> Iterator[list[_Week]]:
    """For each of these layers what it matched in each week."""
    matched = np.array([[one.layers.get(name, False) for name in names] for one in patterns], float)
    by_week = np.eye(WEEKS)[[one.age for one in patterns]].T
    sums = [by_week * [getattr(one, of) for one in patterns] for of in ("closed", "wins")]  # exact below 2^53
    whole = list(zip(*(one.sum(1).astype(int).tolist() for one in sums), strict=True))
    for own in zip(*((one @ matched).T.astype(int).tolist() for one in sums), strict=True):
        yield [_Week(*its, *week) for its, week in zip(zip(*own, strict=True), whole, strict=True)]


def _pool(name: str, weeks: list[_Week]) -> _Pooled | None:
    """Σ w (wins of the matching - what they would win at their week's rate) / Σ w matches, and its error."""
    excess = weighed = variance = 0.0
    single: list[float] = []
    for weight, week in zip(weights(len(weeks)), weeks, strict=True):
        if not 0 < week.matches < week.closed:
            continue
        lift = week.match_wins / week.matches - week.wins / week.closed
        single.append(lift)
        excess += weight * week.matches * lift
        weighed += weight * week.matches
        variance += (weight * week.matches) ** 2 * _variance(week)
    if not single:
        return None
    pooled = excess / weighed
    same = sum(lift * pooled > 0 for lift in single)
    matches = sum(week.matches for week in weeks)
    return _Pooled(name, matches, pooled, variance**0.5 / weighed, same, len(single))


def _variance(week: _Week) -> float:
    """Of one week's lift, which is (1 - share matched) times the difference of matching and other signals.

    Each winrate is moved by one win and one loss, so that an early week without a loss has no error of zero.
    """
    others = week.closed - week.matches
    share_others = others / week.closed
    return share_others**2 * (
        moved_variance(week.match_wins, week.matches) + moved_variance(week.wins - week.match_wins, others)
    )
