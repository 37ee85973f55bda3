"""Upkeep: updates, questions, counts and what was asked of ghosts are forgotten once they are old."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from desk.updates import SQL
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.settings import Settings
from sink.db import Connection, DatabaseError, connect, database_url

log = logging.getLogger("desk")

_EVERY_S = 3600.0
_AGAIN_S = 30.0
KEPT = timedelta(days=90)
_PRUNED = ("prune_updates", "prune_confirmations", "prune_refused", "prune_ghosts")


def keep_up(settings: Settings, stop: threading.Event, clock: Callable[[], datetime]) -> None:
    """Forget every hour until `stop` is set; while Postgres is away, nothing grows that could be forgotten."""
    notices = Notices()
    while not stop.is_set():
        wait_s = _EVERY_S
        try:
            with connect(database_url(settings), name="signaltape-desk-upkeep") as connection:
                prune(connection, clock())
        except DatabaseError as error:
            notices.say("Postgres", f"Postgres is away, nothing is forgotten: {one_line(error)}")
            wait_s = _AGAIN_S
        except Exception:
            log.exception("nothing is forgotten, trying again")
            wait_s = _AGAIN_S
        stop.wait(wait_s)


def prune(connection: Connection, now: datetime) -> None:
    """Forget what is old."""
    for name in _PRUNED:
        connection.execute(SQL[name], {"before": now - KEPT})
