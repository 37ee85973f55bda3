"""Figures of Redis: how far each group is with the stream, what it takes, whose clock is off, who is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from consumer.group_status import PartitionStatus, group_status
from guard.model.findings import Checked
from signaltape.control import Process
from signaltape.settings import Settings
from signaltape.stream import (
    ARCHIVE_GROUP,
    DESK_GROUP,
    GHOST_GROUP,
    WORKER_GROUP,
    stream_keys,
)

#: Groups that are asked for if they are there, and the figure that their lag is.
_GROUPS = {
    WORKER_GROUP: "stream_lag_s",
    DESK_GROUP: "stream_lag_s",
    GHOST_GROUP: "stream_lag_s",
    ARCHIVE_GROUP: "archive_behind_s",
}
#: Whose death others tell of: the desk.
_OWN_ROLE = "guard"


def streams(client: Any, settings: Settings, now: datetime) -> Iterator[Checked]:
    """Lag of each group that was ever there, and the size of each partition. Raises RedisError."""
    sizes: dict[str, float] = {}
    for group in _groups_there(client, settings):
        parts = group_status(client, settings, group, now)
        sizes.update({part.key: float(part.bytes) for part in parts})
        yield Checked(_GROUPS[group], group, max(map(_behind_s, parts), default=0.0))
    for key, size in sizes.items():
        yield Checked("stream_bytes", key, size)


def _groups_there(client: Any, settings: Settings) -> list[str]:
    """Those of ours, by what the partitions have: nobody is behind who never began."""
    with client.pipeline(transaction=False) as pipe:
        for key in stream_keys(settings.stream, settings.partitions):
            pipe.xinfo_groups(key)
        answers = pipe.execute(raise_on_error=False)
    named = {one["name"].decode() for found in answers if isinstance(found, list) for one in found}
    return [group for group in _GROUPS if group in named]


def _behind_s(part: PartitionStatus) -> float:
    """What waits to be given out, or to be acknowledged: whichever is older."""
    return max(part.lag_s, part.oldest_pending_s)


def clock(client: Any, now_s: Callable[[], float]) -> Iterator[Checked]:
    """How far Redis' clock is from ours; what the question took on its way counts for neither. Raises RedisError.

    now_s: our clock, in seconds since 1970.
    """
    before = now_s()
    seconds, micros = client.time()
    yield Checked("clock_skew_ms", "redis", apart_ms(before, seconds + micros / 1e6, now_s()))


def apart_ms(before: float, there: float, after: float) -> float:
    """How far a clock that was asked is outside of the time that the question took: milliseconds, never negative."""
    return 1000.0 * max(0.0, before - there, there - after)


def seen(processes: Iterable[Process]) -> dict[str, int]:
    """When each role showed itself last, in milliseconds since 1970."""
    latest: dict[str, int] = {}
    for one in processes:
        latest[one.role] = max(one.seen_ms, latest.get(one.role, 0))
    return latest


def missing(wanted: Mapping[str, int], now_ms: int) -> Iterator[Checked]:
    """For how long nobody of a role has shown itself, in seconds. wanted: roles, and when each was seen last."""
    for role, at_ms in sorted(wanted.items()):
        if role != _OWN_ROLE:
            yield Checked("process_missing", role, max(0, now_ms - at_ms) / 1000)
