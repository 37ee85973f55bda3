"""Where the stream stood when a backup was made: from there on it is read again behind restoring it."""

from __future__ import annotations

from typing import Any

import redis

from replay.sessions.choosing import all_keys
from signaltape.redis_client import open_redis
from signaltape.settings import Settings
from signaltape.stream import WORKER_GROUP, entry_order

#: All that the stream holds: rows that are there already stay as they are, so this only takes longer.
ALL = "-"


def resume_from(settings: Settings) -> str:
    """The first entry that the worker may not have committed yet, over all partitions.

    `-` where Redis is not set, is away, or no worker ever read.
    """
    if settings.redis_url is None:
        return ALL
    try:
        with open_redis(settings) as client:
            found = [_not_done(client, key) for key in all_keys(client, settings)]
    except redis.RedisError:
        return ALL
    return earliest(found)


def earliest(ids: list[str]) -> str:
    """The first of some offsets; `-` is before all, and what none at all come to."""
    return ALL if not ids or ALL in ids else min(ids, key=entry_order)


def _not_done(client: Any, key: str) -> str:
    """The oldest entry that is given out and not acknowledged, else the last one that was given out."""
    if not client.exists(key):
        return ALL
    groups = {
        group["name"].decode(): group["last-delivered-id"].decode() for group in client.xinfo_groups(key)
    }
    if WORKER_GROUP not in groups:
        return ALL
    # the last one first: what is given out between the two questions lies behind it
    pending = client.xpending(key, WORKER_GROUP)["min"]
    return groups[WORKER_GROUP] if pending is None else str(pending.decode())
