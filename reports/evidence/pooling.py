"""Several weeks as one: older weeks weigh less, and the sample is counted as no larger than it is."""

from __future__ import annotations

from collections.abc import Sequence

from reports.evidence.verdict import Counted

#: How many weeks are pooled, and after how many a week weighs half.
WEEKS = 8
HALF_LIFE_WEEKS = 4.0


def weights(count: int, half_life: float = HALF_LIFE_WEEKS) -> list[float]:
    """The weight of each week, newest first; the newest weighs 1."""
    return [0.5 ** (age / half_life) for age in range(count)]


def pool(weeks: Sequence[Sequence[Counted]], half_life: float = HALF_LIFE_WEEKS) -> list[Counted]:
    """Pool the bins of several weeks, newest first.

    The winrate is the weighted one; n is Kish's effective sample size, (Σ w n)² / Σ w² n (Kish, "Survey
    Sampling", 1965), which is the size of an unweighted sample that would know as much.
    """
    pooled = []
    for column in zip(*weeks, strict=True):
        scaled = list(zip(weights(len(weeks), half_life), column, strict=True))
        n = sum(weight * one.n for weight, one in scaled)
        wins = sum(weight * one.wins for weight, one in scaled)
        squares = sum(weight * weight * one.n for weight, one in scaled)
        effective = n * n / squares if squares else 0.0
        pooled.append(Counted(column[0].label, wins / n * effective if n else 0.0, effective))
    return pooled
