"""What was purged leaves a tombstone: that it was there, and its digest. The next seal holds it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sink.db import Connection
from sink.sealing.rows import Columns, row_of
from sink.sealing.seals import begin_of, in_us
from sink.sealing.stored import SQL, newest

_NOTHING_SEALED = -(2**63)


def remove_events(connection: Connection, signal_id: str) -> int:
    """Remove a signal's events, within a transaction. Returns how many there were. Raises psycopg.Error.

    It waits for whoever seals: a day's rows do not go while they are sealed.
    """
    connection.execute(SQL["turn_to_purge"])
    sealed_us = _sealed_until_us(connection)
    removed: list[Columns] = connection.execute(SQL["remove"], {"signal_id": signal_id}).fetchall()
    rows = sorted(map(row_of, removed), key=lambda row: row.key[1])
    with connection.cursor() as cursor:
        cursor.executemany(
            SQL["purge"],
            [
                (UUID(bytes=row.key[0]), row.key[1], row.digest, row.received_us, row.received_us < sealed_us)
                for row in rows
            ],
        )
    return len(rows)


def _sealed_until_us(connection: Connection) -> int:
    seal = newest(connection)
    return _NOTHING_SEALED if seal is None else in_us(begin_of(seal.day + timedelta(days=1)))
