"""How an answer reads: in a session of its own that cannot write, all its questions together within three seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from signaltape.errors import Unavailable
from signaltape.redis_client import redis_client, redis_url
from signaltape.settings import Settings
from sink.db import Connection, DatabaseError, connect, database_url, only_reading, rows_as_dicts, snapshot
from sink.plain_errors import plain_errors
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "answers.sql")
#: Somebody waits: Postgres has so long for all that an answer asks, Redis for each question.
LONGEST_MS = 3_000
REDIS_S = 2.0
_LEAST_MS = 100
_CANCELED = "57014"
TOO_SLOW = "Postgres takes longer than 3 s for this: ask again when less is going on"


class Reading:
    """Runs the queries of answers.sql. What one of them took, the next ones have less."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._until = time.monotonic() + LONGEST_MS / 1000

    def rows(self, query: str, **asked: Any) -> list[dict[str, Any]]:
        """All rows of a query."""
        left_ms = max(_LEAST_MS, int((self._until - time.monotonic()) * 1000))
        self._connection.execute(_SQL["hurry"], {"ms": str(left_ms)})
        return rows_as_dicts(self._connection, _SQL[query], asked)

    def row(self, query: str, **asked: Any) -> dict[str, Any] | None:
        """Its first row."""
        return next(iter(self.rows(query, **asked)), None)


@contextmanager
def reading(settings: Settings) -> Iterator[Reading]:
    """A session for one answer, all of it as of one moment. Raises Unavailable, SettingsError."""
    with (
        plain_errors(_too_slow),
        only_reading(LONGEST_MS),
        connect(database_url(settings), name="signaltape-answers") as connection,
        snapshot(connection),
    ):
        yield Reading(connection)


@contextmanager
def bounded() -> Iterator[None]:
    """Around operations of other rooms: their sessions cannot write, and no statement of theirs takes longer."""
    with plain_errors(_too_slow), only_reading(LONGEST_MS):
        yield


@contextmanager
def asking_redis(settings: Settings) -> Iterator[redis.Redis]:
    """A client for one answer. Raises RedisUnavailable, SettingsError."""
    client = redis_client(redis_url(settings), socket_timeout=REDIS_S, socket_connect_timeout=REDIS_S)
    try:
        with plain_errors():
            yield client
    finally:
        client.close()


def _too_slow(error: Exception) -> Unavailable | None:
    late = isinstance(error, DatabaseError) and error.sqlstate == _CANCELED
    return Unavailable(TOO_SLOW) if late else None
