"""What is left of error budgets: of what the guard holds engines to, in the 30 days that end with a week."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from reports.weeks import Week
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "budgets.sql")
_ALL = Decimal(100)


class ErrorBudget(NamedTuple):
    """One objective, of one subject: an engine, mostly.

    objective: percent that shall be good. good, bad: counted in 30 days; None, as the subject, if nothing was measured.
    """

    rule: str
    says: str
    objective: Decimal
    subject: str | None
    good: int | None
    bad: int | None

    @property
    def allowed(self) -> Decimal | None:
        """So many may be bad: (1 - objective) of all; None if nothing was measured."""
        if self.good is None or self.bad is None:
            return None
        return (self.good + self.bad) * (_ALL - self.objective) / _ALL

    @property
    def left(self) -> Decimal | None:
        """1 - bad / allowed (Google SRE workbook, chapter 5), below 0 if overspent; None if nothing was measured."""
        return None if not self.allowed or self.bad is None else 1 - self.bad / self.allowed


def budgets(connection: Connection, week: Week) -> list[ErrorBudget]:
    """All of them, the most spent of each objective first; none if there never was a guard."""
    return [ErrorBudget(**row) for row in rows_as_dicts(connection, _SQL["budgets"], {"until": week.sunday})]
