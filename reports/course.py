"""How a week went, for its charts: R summed up by time of closing, and its bins; no more than is drawn."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from reports.chosen import ALL, Chosen
from reports.weeks import Week
from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "course.sql")
#: No picture has room for more.
_MOST_POINTS = 2_000


class Point(NamedTuple):
    """A moment, and what all that closed until then brought in R."""

    at: datetime
    total_r: Decimal


class InBin(NamedTuple):
    """The closed signals of a bin, by its number: how many, their mean score, their winrate."""

    bin: int
    n: int
    mean_score: float
    winrate: float


class Course(NamedTuple):
    """Empty without a closed signal. points: in order of closing; of very many some, each WIB day's last among them."""

    points: list[Point]
    bins: list[InBin]


#: Of a week that is not drawn.
NO_COURSE = Course([], [])


def course_of(connection: Connection, week: Week, chosen: Chosen = ALL) -> Course:
    """How a week went. Raises psycopg.Error."""
    span = {**chosen.within(week), "most": _MOST_POINTS}
    points = [Point(*row) for row in connection.execute(_SQL["points"], span).fetchall()]
    return Course(points, [InBin(*row) for row in connection.execute(_SQL["bins"], span).fetchall()])
