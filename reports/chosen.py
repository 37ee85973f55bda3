"""Which signals of a span a scorecard counts: all, or those that share a symbol, a side, an hour and the like."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from reports.weeks import Week
from signaltape.clock import WIB


class Chosen(NamedTuple):
    """What signals must share; None lets all through. rules: the rules version.

    hour: 0 to 23, weekday: 1 (Monday) to 7, both of the publication in WIB. outcome_from: who tells how they ended,
    engine or ghost; those that are open still are of neither.
    """

    symbol: str | None = None
    side: str | None = None
    setup: str | None = None
    rules: str | None = None
    hour: int | None = None
    weekday: int | None = None
    outcome_from: str | None = None

    def within(self, days: Week | Days) -> dict[str, Any]:
        """The arguments of `chosen_outcomes` in the queries of this room."""
        return {**self._asdict(), "since": days.since, "until": days.until}


ALL = Chosen()


class Days(NamedTuple):
    """Whole days, WIB, the first and the last included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """The first moment, aware."""
        return datetime.combine(self.first, time.min, WIB)

    @property
    def until(self) -> datetime:
        """The first moment that is no longer in them, aware."""
        return datetime.combine(self.last, time.min, WIB) + timedelta(days=1)
