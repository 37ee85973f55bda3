"""One state of the database for all that belongs to one report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sink.db import Connection, is_in_transaction

_ONE_STATE = b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Everything read inside is of one moment, whatever is written meanwhile. Inside of another one it is that one's.

    connection: in autocommit mode.
    """
    if is_in_transaction(connection):
        yield
        return
    with connection.transaction():
        connection.execute(_ONE_STATE)
        yield
