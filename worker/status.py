"""How far the worker is: lag, pending, consumers, and what Postgres holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import redis

from consumer.partitions import streams_beyond
from signaltape.errors import SettingsError
from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import backlog_bytes, is_alive, journal_folders
from signaltape.redis_facts import redis_cautions
from signaltape.redis_health import Caution
from signaltape.settings import Settings
from signaltape.stream import WORKER_GROUP, entry_time_ms, stream_keys, vanished_key
from sink import counters, quality
from sink.counters import Counters
from sink.db import Connection

#: Events with a time in the future, of an engine whose clock is off, are counted too.
_END = datetime(9999, 1, 1, tzinfo=UTC)


class ConsumerStatus(msgspec.Struct):
    """One consumer of the group."""

    name: str
    pending: int
    idle_ms: int


class PartitionStatus(msgspec.Struct):
    """One partition of the stream, as the worker's group sees it."""

    key: str
    #: whether it lies beyond SIGNALTAPE_PARTITIONS: an engine that is, or was, set to more has made it
    beyond: bool = False
    entries: int = 0
    #: what it takes in Redis, estimated by it from samples
    bytes: int = 0
    #: entries that no worker was given yet; None if Redis cannot tell (after deletes)
    lag_entries: int | None = 0
    #: age of the oldest entry that no worker was given yet
    lag_s: float = 0.0
    pending: int = 0
    #: age of the oldest entry that is given out and not acknowledged
    oldest_pending_s: float = 0.0
    #: entries that were deleted from the stream while they were given out: lost, unless stored before
    vanished: int = 0
    consumers: list[ConsumerStatus] = msgspec.field(default_factory=list)


class JournalStatus(msgspec.Struct):
    """One journal under this machine's home."""

    name: str
    alive: bool
    bytes: int
    shipped_events: int


class Status(msgspec.Struct):
    """All of it."""

    partitions: list[PartitionStatus]
    journals: list[JournalStatus]
    #: events and orphans are those of so many days; all else is counted whole
    days: int
    events: dict[str, int]
    orphans: dict[str, int]
    dead_letters: int
    conflicts: int
    duplicates: int
    #: all that was ever stored, dropped and removed, over all workers and restarts
    ever: Counters
    #: what in Redis may cost events, and what mends it
    cautions: list[Caution] = []


def stream_status(client: Any, settings: Settings, now: datetime) -> list[PartitionStatus]:
    """The state of each partition, those beyond SIGNALTAPE_PARTITIONS included where they hold anything.

    `client` is a redis.Redis. Raises redis.RedisError.
    """
    now_s = now.timestamp()
    own = stream_keys(settings.stream, settings.partitions)
    others = [
        _partition(client, PartitionStatus(key, beyond=True), now_s)
        for key in streams_beyond(client, settings.stream, settings.partitions)
    ]
    return [
        *(_partition(client, PartitionStatus(key), now_s) for key in own),
        *(one for one in others if one.entries or one.pending or one.vanished),
    ]


def whole_status(client: Any, connection: Connection, settings: Settings, now: datetime, days: int) -> Status:
    """The state of everything; of events, of the last `days`. Raises redis.RedisError or psycopg.Error."""
    since = now - timedelta(days=days)
    return Status(
        partitions=stream_status(client, settings, now),
        journals=journal_status(settings),
        days=days,
        events=quality.stored_since(connection, since),
        orphans=quality.orphans(connection, since, _END),
        **quality.backlog(connection),
        ever=counters.read(connection),
        cautions=redis_cautions(client, settings),
    )


def journal_status(settings: Settings) -> list[JournalStatus]:
    """The journals of this machine. Raises SettingsError if they cannot be listed."""
    try:
        return [
            JournalStatus(folder.name, is_alive(folder), backlog_bytes(folder), read_cursor(folder).events)
            for folder in journal_folders(settings.home)
        ]
    except OSError as error:
        raise SettingsError(f"SIGNALTAPE_HOME: {error.filename}: {error.strerror}") from None


def _partition(client: Any, status: PartitionStatus, now_s: float) -> PartitionStatus:
    key = status.key
    status.vanished = int(client.hget(vanished_key(key), WORKER_GROUP) or 0)
    try:
        groups = {group["name"].decode(): group for group in client.xinfo_groups(key)}
    except redis.ResponseError:  # no such stream yet
        return status
    status.entries = client.xlen(key)
    status.bytes = client.memory_usage(key, samples=20) or 0
    group = groups.get(WORKER_GROUP)
    if group is None:
        status.lag_entries = status.entries
        status.lag_s = _age_of_first(client, key, "-", now_s)
        return status
    status.lag_entries = group.get("lag")
    status.lag_s = _age_of_first(client, key, f"({group['last-delivered-id'].decode()}", now_s)
    pending = client.xpending(key, WORKER_GROUP)  # one answer: what is acknowledged between two has no oldest
    status.pending = pending["pending"]
    if pending["min"] is not None:
        status.oldest_pending_s = max(0.0, now_s - entry_time_ms(pending["min"].decode()) / 1000)
    status.consumers = [
        ConsumerStatus(consumer["name"].decode(), consumer["pending"], consumer["idle"])
        for consumer in client.xinfo_consumers(key, WORKER_GROUP)
    ]
    return status


def _age_of_first(client: Any, key: str, start: str, now_s: float) -> float:
    entries = client.xrange(key, min=start, count=1)
    return max(0.0, now_s - entry_time_ms(entries[0][0].decode()) / 1000) if entries else 0.0
