"""Error budgets, and how fast they burn: after the Google SRE workbook, chapter 5, "Alerting on SLOs".

An objective of 99 % leaves a budget: 1 % of the requests of 30 days may be bad. A burn rate of 1 spends exactly that in
30 days, one of 14.4 spends 2 % of it in an hour. A rule is breached where the rate of a long window and that of a short
one, a twelfth of it, are both above the same factor: the long one says that it matters, the short one that it goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from guard.model.rules import Burn

#: The period of every error budget.
PERIOD = timedelta(days=30)
#: Good and bad of the last so long.
Sums = Callable[[timedelta], tuple[int, int]]


class Budget(Struct, frozen=True):
    """What is left of an error budget.

    allowed: how many may be bad of those that there were. spent, left: shares of that; more than 1, and less than 0,
    where it is overspent.
    """

    objective: float
    good: int
    bad: int
    allowed: float
    spent: float
    left: float


class Burning(Struct, frozen=True):
    """One pair of windows: the limit, and the burn rate of each. breached: None if it cannot be said."""

    factor: float
    long: float | None
    short: float | None
    n: int
    breached: bool | None

    @property
    def rate(self) -> float | None:
        """The slower of both: it is what must be above the limit."""
        return None if self.long is None or self.short is None else min(self.long, self.short)


def budget(objective: float, good: int, bad: int) -> Budget | None:
    """What is left of the budget of an objective in percent; None without measurements: that is no perfect score."""
    total = good + bad
    if not total:
        return None
    allowed = total * (100 - objective) / 100
    spent = bad / allowed
    return Budget(objective, good, bad, allowed, spent, 1 - spent)


def burn_rate(objective: float, good: int, bad: int) -> float | None:
    """How many times as fast as it may the budget is spent; None without measurements."""
    spent = budget(objective, good, bad)
    return None if spent is None else spent.spent


def spent_by(factor: float, window: timedelta) -> float:
    """The share of 30 days' budget that burns at a rate within a window: 0.02 of 14.4 in an hour."""
    return factor * (window / PERIOD)


def burning(rule: Burn, sums: Sums) -> list[Burning]:
    """Each pair of windows of a rule, the fastest first as they stand in it."""
    return [_pair(rule, factor, sums(long), sums(short)) for factor, long, short in rule.windows]


def _pair(rule: Burn, factor: float, long: tuple[int, int], short: tuple[int, int]) -> Burning:
    rates = burn_rate(rule.objective, *long), burn_rate(rule.objective, *short)
    return Burning(factor, *rates, n=sum(long), breached=_breached(rule, factor, long, rates))


def _breached(
    rule: Burn, factor: float, long: tuple[int, int], rates: tuple[float | None, float | None]
) -> bool | None:
    """Few requests say nothing either way; neither does a short window without any."""
    if sum(long) < rule.min_count or None in rates:
        return None
    return long[1] >= rule.min_bad and all(rate is not None and rate > factor for rate in rates)
