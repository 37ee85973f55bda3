"""Whether all that is in the stream is stored, and whose signals are: what `make live` asks its servers."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any

import redis

from reports.scorecard import compute, store
from reports.weeks import whole_weeks
from signaltape.clock import utc_now
from signaltape.errors import SignaltapeError
from signaltape.journal.home import journal_folders
from signaltape.redis_client import redis_client
from signaltape.settings import Secret, Settings
from signaltape.shipping.client import StreamError
from signaltape.shipping.service import ship_once
from signaltape.stream import GHOST_GROUP, WORKER_GROUP, stream_keys
from sink.admin.migrate import migrate
from sink.db import connect, database_url

_OTHERS = b"SELECT count(*) FROM signals WHERE engine IS DISTINCT FROM %s"
_SPAN = b"SELECT min(ts_published), max(ts_published) FROM signals"
_ON_THEIR_WAY = b"SELECT count(*) FROM tape_records WHERE room = 'ghost'"
_LOOK_EVERY_S = 0.1
#: What is in a journal is shipped within so many looks.
_CALM_LOOKS = 3


def prepare(settings: Settings, engine: str) -> int:
    """Bring the database up to date. Returns how many signals of other engines it holds."""
    with closing(connect(database_url(settings))) as connection:
        migrate(connection)
        row = connection.execute(_OTHERS, (engine,)).fetchone()
        return int(row[0]) if row else 0


def await_stored(
    settings: Settings,
    within_s: float,
    given_up: Callable[[], bool] = lambda: False,
    *,
    followed: bool = True,
) -> bool:
    """Wait until the worker has taken and acknowledged all that is in the stream. False: not in time.

    followed: and the ghost has read all of it, and told what it had to tell.
    """
    assert settings.redis_url is not None
    keys = stream_keys(settings.stream, settings.partitions)
    until, calm = time.monotonic() + within_s, 0
    with closing(redis_client(Secret(settings.redis_url.reveal()))) as client:
        while time.monotonic() < until and not given_up():
            with suppress(redis.RedisError):
                done = _all_taken(client, keys, followed=followed) and (not followed or _all_told(settings))
                calm = calm + 1 if done else 0
                if calm > (_CALM_LOOKS if followed else 0):
                    return True
            time.sleep(_LOOK_EVERY_S)  # a group tells nobody that it is done
    return False


def store_scorecards(settings: Settings) -> int:
    """Store the scorecards of the whole weeks that there are signals of, as the reporter would have. How many."""
    with closing(connect(database_url(settings))) as connection:
        first, last = connection.execute(_SPAN).fetchone() or (None, None)
        weeks = whole_weeks(first, last) if first else []
        for week in weeks:
            store(connection, compute(connection, week), utc_now())
        return len(weeks)


def ship_rest(settings: Settings) -> bool:
    """Ship what an engine that is gone has left in its journal. False: it stays there."""
    try:
        ship_once(settings)
    except (StreamError, SignaltapeError):
        return False
    return True


def forget_journals(settings: Settings) -> None:
    """Remove journals of which all is stored. Redis will be another process, which they would be sent to once more."""
    for folder in journal_folders(settings.home):
        shutil.rmtree(folder, ignore_errors=True)


def _all_taken(client: Any, keys: Sequence[str], *, followed: bool) -> bool:
    wanted = (WORKER_GROUP, GHOST_GROUP) if followed else (WORKER_GROUP,)
    return all(_taken(client, key, wanted) for key in keys if client.exists(key))


def _taken(client: Any, key: str, wanted: Sequence[str]) -> bool:
    last = client.xinfo_stream(key)["last-generated-id"]
    groups = {group["name"].decode(): group for group in client.xinfo_groups(key)}
    there = [groups[name] for name in wanted if name in groups]
    return len(there) == len(wanted) and all(
        one["last-delivered-id"] == last and not one["pending"] for one in there
    )


def _all_told(settings: Settings) -> bool:
    """Whether nothing waits for the ghost to emit it; then it may still be in its journal, for a moment."""
    with closing(connect(database_url(settings))) as connection:
        row = connection.execute(_ON_THEIR_WAY).fetchone()
    return row is not None and not row[0]
