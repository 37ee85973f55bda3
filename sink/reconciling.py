"""The thread that reconciles control every second, beside whatever else its process does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis

from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.redis_client import redis_client, redis_url
from signaltape.settings import Settings
from signaltape.showing import show
from sink.control import be_short, reconcile, remove_gone, say_what_was_lost
from sink.db import Connection, DatabaseError, connect, database_url

log = logging.getLogger("signaltape")

EVERY_S = 1.0
#: Those that are gone are looked for once in so many rounds.
_REMOVE_EVERY = 10
#: Neither server is waited for any longer.
_WITHIN_S = 3.0
#: What is held up by a lock, or by a server that stands still, is tried anew.
_STATEMENT_MS = 3_000
_AGAIN_S = 2.0
#: The end of its process waits for a round that is under way no longer than this.
_END_WITHIN_S = 1.0


class Reconciling:
    """Sessions of its own with both servers, opened when they are needed and after each failure."""

    def __init__(self, settings: Settings) -> None:
        self._redis_url, self._database_url = redis_url(settings), database_url(settings)
        self._stream = settings.stream
        self._client: redis.Redis | None = None
        self._connection: Connection | None = None
        self._rounds = 0

    def round(self) -> None:
        """Reconcile once. Raises RedisError, DatabaseError."""
        client, connection = self._opened()
        reconcile(client, self._stream, connection)
        if (said := say_what_was_lost(client, self._stream)) is not None:
            log.warning("%s: %s", said.state, show(said.why))
            reconcile(client, self._stream, connection)
        if self._rounds % _REMOVE_EVERY == 0:
            remove_gone(client, self._stream)
        self._rounds += 1

    def close(self) -> None:
        """Let go of both sessions."""
        client, self._client = self._client, None
        connection, self._connection = self._connection, None
        with suppress(redis.RedisError, OSError):
            if client is not None:
                client.close()
        with suppress(DatabaseError):
            if connection is not None:
                connection.close()

    def _opened(self) -> tuple[redis.Redis, Connection]:
        if self._client is None:
            self._client = redis_client(
                self._redis_url, socket_timeout=_WITHIN_S, socket_connect_timeout=_WITHIN_S
            )
        if self._connection is None:
            self._connection = connect(self._database_url, name="signaltape-control")
            be_short(self._connection, _STATEMENT_MS)
        return self._client, self._connection


@contextmanager
def reconciled(settings: Settings) -> Iterator[None]:
    """Within this, a thread reconciles control. Raises SettingsError without REDIS_URL or DATABASE_URL."""
    work, ended = Reconciling(settings), threading.Event()
    thread = threading.Thread(target=keep_reconciling, args=(work, ended), name="control", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_END_WITHIN_S)


def keep_reconciling(work: Reconciling, ended: threading.Event) -> None:
    """Reconcile every second until `ended` is set. Whatever goes wrong is said, and tried again."""
    notices = Notices()
    while not ended.is_set():
        try:
            work.round()
            wait_s = EVERY_S
        except (redis.RedisError, DatabaseError, OSError) as error:
            notices.say("control", f"control is not reconciled, trying again: {one_line(error)}")
            work.close()
            wait_s = _AGAIN_S
        except Exception:
            log.exception("reconciling control failed and begins anew")
            work.close()
            wait_s = _AGAIN_S
        ended.wait(wait_s)
    work.close()
