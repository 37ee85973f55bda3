"""When a rig has come to rest: everything stored, nothing in work, nobody left behind in the groups."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import psycopg
import redis

from signaltape.stream import ARCHIVE_GROUP, WORKER_GROUP
from tests.chaos.rig import SETTLE_S, Rig
from tests.support.waiting import eventually

#: The archiver takes over from the dead after a minute, and looks every ten seconds.
TIDY_S = 75.0


def await_settled(rig: Rig, within_s: float = SETTLE_S) -> None:
    """Wait until everything accepted is stored and nothing is in work. Fails after `within_s`."""
    eventually(lambda: _settled(rig), timeout=within_s, every=0.1)


def _settled(rig: Rig) -> bool:
    try:
        if rig.stored_count() < rig.accepted_count() or rig.dead_count() < rig.poison:
            return False
        recorded = rig.recorded_ids()
        if len(rig.stored_records(recorded)) < len(recorded):
            return False
        with rig.redis() as client:
            return all(_is_drained(rig, client, key) for key in rig.keys)
    except (psycopg.Error, redis.RedisError, OSError):
        return False


def _is_drained(rig: Rig, client: Any, key: str) -> bool:
    groups = client.xinfo_groups(key)
    last_id = client.xinfo_stream(key)["last-generated-id"]
    readers = [name for name in ("worker", "archiver") if rig.of(name)]
    return len(groups) >= len(readers) and all(
        group["pending"] == 0 and group["last-delivered-id"] == last_id for group in groups
    )


def await_tidy(rig: Rig) -> None:
    """Wait until all processes are up and have deleted the consumers of the dead."""
    began = time.monotonic()
    with suppress(AssertionError):  # the audit names what is left
        eventually(lambda: _tidy(rig, time.monotonic() - began), timeout=TIDY_S, every=0.2)


def _tidy(rig: Rig, within_s: float) -> bool:
    """Whether there are as many consumers as processes, and each of them asked for entries lately."""
    try:
        with rig.redis() as client:
            return all(
                _is_tidy(rig, client, key, group, name, within_s)
                for key in rig.keys[: rig.partitions]
                for group, name in ((WORKER_GROUP, "worker"), (ARCHIVE_GROUP, "archiver"))
            )
    except (redis.RedisError, OSError):
        return False


def _is_tidy(rig: Rig, client: Any, key: str, group: str, name: str, within_s: float) -> bool:
    consumers = client.xinfo_consumers(key, group) if rig.of(name) else []
    alive = [one for one in consumers if one["idle"] < within_s * 1000]
    return len(consumers) == len(alive) == len(rig.of(name))
