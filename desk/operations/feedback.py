"""How many alerts people say something of: without that, what their clicks are worth is of the few they care for."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from signaltape.settings import Settings
from sink.db import connect, database_url
from sink.plain_errors import plain_errors
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "feedback.sql")
#: The share that is to be reached.
GOAL = 0.3


class Span(NamedTuple):
    """From `since` on, up to `until` (both aware), which is no longer in it."""

    since: datetime
    until: datetime


class Coverage(NamedTuple):
    """Alerts that were sent, and those of them of which somebody says something; what was taken back does not count."""

    sent: int
    clicked: int

    @property
    def share(self) -> float | None:
        """`clicked / sent`; None if none was sent."""
        return self.clicked / self.sent if self.sent else None

    @property
    def reached(self) -> bool:
        """Whether it is above the goal."""
        return self.share is not None and self.share > GOAL

    @property
    def line(self) -> str:
        """`clicks 0.212, 18 of 85 alerts (goal above 0.300)`, for a status; the goal only where it is not reached."""
        if self.share is None:
            return "clicks -, no alerts"
        goal = "" if self.reached else f" (goal above {GOAL:.3f})"
        return f"clicks {self.share:.3f}, {self.clicked} of {self.sent} alerts{goal}"


@plain_errors()
def coverage(settings: Settings, span: Span) -> Coverage:
    """Of the alerts of a span. Raises OperationError."""
    with closing(connect(database_url(settings), name="signaltape-desk")) as connection:
        row = connection.execute(_SQL["coverage"], span._asdict()).fetchone()
    assert row is not None
    return Coverage(*row)
