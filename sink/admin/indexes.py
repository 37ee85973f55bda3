"""Indexes that searches need, built beside the migrations: the worker goes on writing meanwhile.

PostgreSQL can do that outside of a transaction only. What was broken off is begun anew by the next call.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from sink.db import Connection
from sink.queries import own

_SQL = own("indexes")
_NAMES = [name for name in _SQL if name not in ("turn", "done", "there")]
_AGAIN_S = 0.1


def build(connection: Connection) -> None:
    """Build those that are missing; nothing, as a rule. connection: in autocommit mode. Raises psycopg.Error."""
    if not missing(connection):
        return
    with _turn(connection):
        whole: dict[str, bool] = dict(connection.execute(_SQL["there"]).fetchall())
        for name in missing(connection):
            if name in whole:
                connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(name)))
            connection.execute(_SQL[name])


def missing(connection: Connection) -> list[str]:
    """Those that are not there, or not whole. Raises psycopg.Error."""
    whole: dict[str, bool] = dict(connection.execute(_SQL["there"]).fetchall())
    return [name for name in _NAMES if not whole.get(name)]


@contextmanager
def _turn(connection: Connection) -> Iterator[None]:
    while not connection.execute(_SQL["turn"]).fetchall()[0][0]:
        time.sleep(_AGAIN_S)  # who waits in the lock itself holds a snapshot, for which building would wait
    try:
        yield
    finally:
        connection.execute(_SQL["done"])
