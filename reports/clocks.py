"""The time that counts: this machine's, as long as Postgres' clock, which all reporters share, does not deny it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "clocks.sql")


def agreed(connection: Connection, now: datetime) -> datetime:
    """`now` of this machine's clock; where that is ahead of Postgres' by more than a minute, Postgres' time.

    A week must not count as over before it is. Raises psycopg.Error.
    """
    row = connection.execute(_SQL["agreed"], {"now": now}).fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment
