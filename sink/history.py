"""Everything stored of a span of time, events and records, for replays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sink.db import Connection
from sink.queries import own

_SQL = own("history")
_CHUNK = 5000


def stored(
    connection: Connection, since: datetime, until: datetime
) -> Iterator[tuple[str, str, datetime, str]]:
    """Events and records with since <= ts < until: name, id, time, payload as JSON. Raises psycopg.Error."""
    with connection.transaction(), connection.cursor(name="history") as rows:
        rows.itersize = _CHUNK
        rows.execute(_SQL["stored"], {"since": since, "until": until})
        yield from rows
