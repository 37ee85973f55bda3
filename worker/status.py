"""How far the worker is: lag, pending, consumers, and what Postgres holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from consumer.group_status import PartitionStatus, group_status
from signaltape.errors import SettingsError
from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import backlog_bytes, is_alive, journal_folders
from signaltape.redis_facts import redis_cautions
from signaltape.redis_health import Caution
from signaltape.settings import Settings
from signaltape.stream import WORKER_GROUP
from sink import counters, quality
from sink.counters import Counters
from sink.db import Connection

#: Events with a time in the future, of an engine whose clock is off, are counted too.
_END = datetime(9999, 1, 1, tzinfo=UTC)


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
    """The state of each partition, as the workers' group sees it. Raises redis.RedisError."""
    return group_status(client, settings, WORKER_GROUP, now)


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
