"""Databases that hold nothing but a replayed session."""

from __future__ import annotations

from sink.db import Connection
from sink.queries import own

_SQL = own("replays")


def holds_live_events(connection: Connection) -> bool:
    """Whether anything in this database did not come from a session. Raises psycopg.Error."""
    row = connection.execute(_SQL["live"]).fetchone()
    return bool(row and row[0])


def fix_arrival(connection: Connection) -> None:
    """Set the time of arrival of everything to its own time: so a dump is the same every time. Raises psycopg.Error."""
    with connection.transaction():
        connection.execute(_SQL["fix_arrival"])
