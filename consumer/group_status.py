"""How far a group is with each partition: lag, pending entries, consumers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import redis

from consumer.partitions import streams_beyond
from signaltape.settings import Settings
from signaltape.stream import entry_time_ms, stream_keys, vanished_key


class ConsumerStatus(msgspec.Struct):
    """One consumer of the group."""

    name: str
    pending: int
    idle_ms: int


class PartitionStatus(msgspec.Struct):
    """One partition of the stream, as a group sees it."""

    key: str
    #: whether it lies beyond SIGNALTAPE_PARTITIONS: an engine that is, or was, set to more has made it
    beyond: bool = False
    entries: int = 0
    #: what it takes in Redis, estimated by it from samples
    bytes: int = 0
    #: entries that no consumer was given yet; None if Redis cannot tell (after deletes)
    lag_entries: int | None = 0
    #: age of the oldest entry that no consumer was given yet
    lag_s: float = 0.0
    pending: int = 0
    #: age of the oldest entry that is given out and not acknowledged
    oldest_pending_s: float = 0.0
    #: entries that were deleted from the stream while they were given out: lost, unless stored before
    vanished: int = 0
    consumers: list[ConsumerStatus] = msgspec.field(default_factory=list)


def group_status(client: Any, settings: Settings, group: str, now: datetime) -> list[PartitionStatus]:
    """The state of each partition, as a group sees it; those beyond SIGNALTAPE_PARTITIONS where they hold anything.

    `client` is a redis.Redis. Raises redis.RedisError.
    """
    now_s = now.timestamp()
    own = stream_keys(settings.stream, settings.partitions)
    others = [
        _partition(client, group, PartitionStatus(key, beyond=True), now_s)
        for key in streams_beyond(client, settings.stream, settings.partitions)
    ]
    return [
        *(_partition(client, group, PartitionStatus(key), now_s) for key in own),
        *(one for one in others if one.entries or one.pending or one.vanished),
    ]


def _partition(client: Any, name: str, status: PartitionStatus, now_s: float) -> PartitionStatus:
    key = status.key
    status.vanished = int(client.hget(vanished_key(key), name) or 0)
    try:
        groups = {group["name"].decode(): group for group in client.xinfo_groups(key)}
    except redis.ResponseError:  # no such stream yet
        return status
    status.entries = client.xlen(key)
    status.bytes = client.memory_usage(key, samples=20) or 0
    group = groups.get(name)
    if group is None:
        status.lag_entries = status.entries
        status.lag_s = _age_of_first(client, key, "-", now_s)
        return status
    status.lag_entries = group.get("lag")
    status.lag_s = _age_of_first(client, key, f"({group['last-delivered-id'].decode()}", now_s)
    pending = client.xpending(key, name)  # one answer: what is acknowledged between two has no oldest
    status.pending = pending["pending"]
    if pending["min"] is not None:
        status.oldest_pending_s = max(0.0, now_s - entry_time_ms(pending["min"].decode()) / 1000)
    status.consumers = [
        ConsumerStatus(consumer["name"].decode(), consumer["pending"], consumer["idle"])
        for consumer in client.xinfo_consumers(key, name)
    ]
    return status


def _age_of_first(client: Any, key: str, start: str, now_s: float) -> float:
    entries = client.xrange(key, min=start, count=1)
    return max(0.0, now_s - entry_time_ms(entries[0][0].decode()) / 1000) if entries else 0.0
