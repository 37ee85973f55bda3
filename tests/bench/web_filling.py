"""A book of years for the dashboard: frequent and rare symbols, setups, rules and outcomes, made by Postgres itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sink.db import Connection
from sink.queries import load
from tests.bench.filling import settle, without_indexes

_SQL = load(Path(__file__).parent / "web_filling.sql")
#: The book ends now, and is so long; layers are of its end only: no page looks further back for them.
YEARS, _LAYERS_OF = timedelta(days=730), timedelta(days=70)


def fill_book(connection: Connection, now: datetime, count: int) -> None:
    """So many signals into empty tables, each with its four events, of the last two years; layers of the last weeks."""
    span = {"since": now - YEARS, "until": now, "count": count}
    with without_indexes(connection):
        connection.execute(_SQL["signals"], span)
        for name in ("triggers", "invalidations", "closures", "events"):
            connection.execute(_SQL[name])
        connection.execute(_SQL["layers"], {"since": now - _LAYERS_OF})
    settle(connection)
