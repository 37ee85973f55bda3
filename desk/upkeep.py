"""Upkeep: what is wanted of all processes is asserted again each second, and what is old is forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

import redis

from desk.updates import SQL
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.redis_client import open_redis
from signaltape.settings import Settings
from sink.control import reconcile
from sink.db import Connection, DatabaseError, connect, database_url

_EVERY_S = 1.0
_PRUNE_EVERY_S = 3600.0
#: How long updates, questions and counts are kept.
KEPT = timedelta(days=90)
_PRUNED = ("prune_updates", "prune_confirmations", "prune_refused")


def keep_up(settings: Settings, stop: threading.Event, clock: Callable[[], datetime]) -> None:
    """Go on until `stop` is set, whatever is away meanwhile."""
    notices = Notices()
    while not stop.is_set():
        try:
            _while_connected(settings, stop, clock, notices)
        except DatabaseError as error:
            notices.say("Postgres", f"Postgres is away, a pause is not asserted again: {one_line(error)}")
            stop.wait(_EVERY_S)


def prune(connection: Connection, now: datetime) -> None:
    """Forget what is old."""
    for name in _PRUNED:
        connection.execute(SQL[name], {"before": now - KEPT})


def _while_connected(
    settings: Settings, stop: threading.Event, clock: Callable[[], datetime], notices: Notices
) -> None:
    pruned_at = float("-inf")
    with closing(connect(database_url(settings), name="signaltape-desk-upkeep")) as connection, open_redis(
        settings
    ) as client:
        while not stop.is_set():
            if time.monotonic() - pruned_at > _PRUNE_EVERY_S:
                prune(connection, clock())
                pruned_at = time.monotonic()
            try:
                reconcile(client, settings.stream, connection)
            except redis.RedisError as error:
                notices.say("Redis", f"Redis is away, a pause is not asserted again: {one_line(error)}")
            stop.wait(_EVERY_S)
