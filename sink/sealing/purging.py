"""What was purged leaves a tombstone: that it was there, and its digest. The next seal holds it."""

from __future__ import annotations

from uuid import UUID

from sink.db import Connection
from sink.sealing.names import Chunk
from sink.sealing.rows import Columns, Row, row_of
from sink.sealing.stored import SQL


def remove_events(connection: Connection, signal_id: str) -> int:
    """Remove a signal's events, within a transaction. Returns how many there were. Raises psycopg.Error.

    It waits for whoever seals: a day's rows do not go while they are sealed.
    """
    connection.execute(SQL["turn_to_purge"])
    removed: list[Columns] = connection.execute(SQL["remove"], {"signal_id": signal_id}).fetchall()
    rows = sorted(map(row_of, removed), key=lambda row: row.key[1])
    with connection.cursor() as cursor:
        cursor.executemany(
            SQL["purge"],
            [
                (UUID(bytes=row.key[0]), row.key[1], row.digest, row.received_us, _is_sealed(connection, row))
                for row in rows
            ],
        )
    return len(rows)


def _is_sealed(connection: Connection, row: Row) -> bool:
    """Whether a seal holds it. What came late to a sealed day is in none until the next one is made."""
    given = {"received_us": row.received_us, "signal_id": row.key[0]}
    found = connection.execute(SQL["names_with"], given)
    return any(name.key == row.key for chunk in found for name in Chunk(*chunk).each())
