"""The desk's queries, and its turn: one desk decides at a time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sink.db import Connection
from sink.queries import load

SQL = load(Path(__file__).parents[1] / "sql" / "alerting.sql")


def alone(connection: Connection) -> datetime:
    """Wait for this desk's turn, until the end of the transaction. The database's clock."""
    row = connection.execute(SQL["alone"]).fetchone()
    assert row is not None
    now: datetime = row[1]
    return now
