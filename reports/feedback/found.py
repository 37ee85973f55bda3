"""What the clicks on the alerts of a week and those before it say, read from what the desk stored."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from reports.chosen import Days
from reports.evidence.clusters import Sums, correlation, counts_as
from reports.evidence.contrast import Contrast, contrast
from reports.evidence.contrast import Week as Counted
from reports.evidence.pooling import WEEKS
from reports.figures import Expectancy, expectancy
from reports.text.numbers import ratio
from reports.weeks import Week
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent.parent / "sql" / "feedback.sql")
#: So much of the alerts somebody should say something of; below it the lifts are of those that people care to click.
GOAL = Decimal("0.300")
#: Snoozed, a budget spent, a pause, too little R: what was held back for these, together.
BY_CHOICE = "by choice"


class Side(NamedTuple):
    """Closed signals with one vote, and how many of them won."""

    closed: int
    wins: int


class Setup(NamedTuple):
    """Closed signals of one setup in the week, and those of them with a vote."""

    name: str
    closed: int
    wins: int
    up: Side
    down: Side
    took: Side
    skipped: Side


class HeldBack(NamedTuple):
    """Signals of which no alert was sent for one reason.

    closed, wins, sum_r, expectancy: of those that closed, what they would have brought, in R; None if none did.
    by_ghost: so many of them a ghost tells; counts_as: as many independent ones the closed are.
    """

    reason: str
    held: int
    closed: int
    wins: int
    sum_r: Decimal | None
    expectancy: Expectancy | None
    by_ghost: int = 0
    counts_as: float = 0.0


class Feedback(NamedTuple):
    """sent, clicked: alerts of the week, and those of which somebody says something; setups: of the week.

    thumb (👍 over 👎), took (over skipped), held and late are of the pooled weeks. late: clicks that came once their
    signal had ended: they knew the outcome and are not counted. road: all that was held back by choice together.
    """

    sent: int
    clicked: int
    thumb: Contrast
    took: Contrast
    setups: list[Setup]
    held: list[HeldBack]
    late: int
    road: HeldBack | None = None

    @property
    def coverage(self) -> Decimal | None:
        """`clicked / sent`, to three decimals; None if none was sent."""
        return ratio(self.clicked, self.sent)


def pooled_days(week: Week) -> Days:
    """The days of the pooled weeks that end with this one."""
    return Days(week.earlier(WEEKS - 1).monday, week.sunday)


def feedback_of(connection: Connection, week: Week) -> Feedback | None:
    """What is known; None if there was neither an alert nor a click on one. Raises psycopg.Error."""
    days = pooled_days(week)
    pooled, alone = {"since": days.since, "until": days.until}, {"since": week.since, "until": week.until}
    thumb, took = _contrasts(connection, week, pooled)
    covered = rows_as_dicts(connection, _SQL["coverage"], alone)[0]
    held, road = _held_back(rows_as_dicts(connection, _SQL["held"], pooled))
    if not (covered["sent"] or held or thumb.n + thumb.other_n + took.n + took.other_n):
        return None
    setups = [_setup(row) for row in rows_as_dicts(connection, _SQL["setups"], alone)]
    late = connection.execute(_SQL["late"], pooled).fetchone()
    clicked_late = late[0] if late else 0
    return Feedback(**covered, thumb=thumb, took=took, setups=setups, held=held, late=clicked_late, road=road)


def _contrasts(connection: Connection, week: Week, pooled: dict[str, Any]) -> tuple[Contrast, Contrast]:
    edges = [week.earlier(age).since for age in range(WEEKS - 1, -1, -1)]
    rows = connection.execute(_SQL["votes"], {**pooled, "edges": edges}).fetchall()
    told = {(WEEKS - number, vote): (wins, closed) for number, vote, closed, wins in rows}

    def between(yes: str, no: str) -> Contrast:
        return contrast(
            [Counted(*told.get((age, yes), (0, 0)), *told.get((age, no), (0, 0))) for age in range(WEEKS)]
        )

    return between("up", "down"), between("took", "skipped")


def _setup(row: dict[str, Any]) -> Setup:
    sides = (Side(row[vote], row[f"{vote}_wins"]) for vote in ("up", "down", "took", "skipped"))
    return Setup(row["setup"], row["closed"], row["wins"], *sides)


def _held_back(rows: list[dict[str, Any]]) -> tuple[list[HeldBack], HeldBack | None]:
    """By reason, and all that was held by choice: it comes last, and says best how alike those of one bet are."""
    if not rows:
        return [], None
    road = _held(rows[-1], _alike(rows[-1])) if rows[-1]["reason"] == BY_CHOICE else None
    reasons = rows[:-1] if road is not None else rows
    return [_held(row, _alike(rows[-1])) for row in reasons], road


def _alike(row: dict[str, Any]) -> float:
    if not row["closed"]:
        return 0.0
    sums = (row["sum_r"], row["sum_r_squared"], row["between"])
    return correlation(Sums(row["closed"], row["bets"], row["squares"], *sums))


def _held(row: dict[str, Any], alike: float) -> HeldBack:
    closed = row["closed"]
    counts = counts_as(closed, row["squares"], alike)
    worth = expectancy(closed, row["sum_r"], row["sum_r_squared"], counts) if closed else None
    return HeldBack(
        *(row["reason"], row["held"], closed, row["wins"], row["sum_r"], worth, row["by_ghost"], counts)
    )
