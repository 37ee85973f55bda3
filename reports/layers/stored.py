"""What the layers of stored signals said, and the weights they carried."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from reports.chosen import ALL, Chosen, Days
from reports.evidence.pooling import WEEKS
from reports.layers.lift import Pattern
from reports.weeks import Week
from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parent.parent / "sql" / "layers.sql")


class Weights(NamedTuple):
    """The weight of each layer under a rules version."""

    version: str
    by_layer: dict[str, Decimal]


def patterns(connection: Connection, week: Week, chosen: Chosen = ALL) -> list[Pattern]:
    """What the layers said of the closed signals of a week and of those before it. Raises psycopg.Error."""
    days = Days(week.earlier(WEEKS - 1).monday, week.sunday)
    edges = [week.earlier(age).since for age in range(WEEKS - 1, -1, -1)]
    rows = connection.execute(_SQL["patterns"], {"edges": edges, **chosen.within(days)}).fetchall()
    return [Pattern(WEEKS - number, layers, closed, wins) for number, layers, closed, wins in rows]


def weights_in_use(connection: Connection, week: Week) -> Weights | None:
    """The weights that the newest signals of a week carry, or None if they carry none. Raises psycopg.Error."""
    rows = connection.execute(_SQL["weights"], {"since": week.since, "until": week.until}).fetchall()
    if not rows:
        return None
    return Weights(rows[0][0], {layer: weight for _, layer, weight in rows})
