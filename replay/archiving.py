"""`python -m replay archive`: the archiver as a process, with retention once a day."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from replay.archiver import Archive, Archived
from replay.retention import Report, apply, keep_of
from signaltape.clock import WIB, utc_now
from signaltape.consuming.consumer import Consumer, RedisError
from signaltape.consuming.entry import Sorting
from signaltape.consuming.loop import Loop, tune_interpreter
from signaltape.consuming.names import Slot, consumer_name
from signaltape.consuming.partitions import keys_beyond
from signaltape.consuming.read_ahead import Limits
from signaltape.settings import Secret, Settings
from signaltape.stream import ARCHIVE_GROUP, stream_keys
from sink.db import DatabaseError, connect, one_line
from sink.decoding import bury, sort_entries

log = logging.getLogger("replay")

#: Retention runs at this hour, WIB: a quiet one.
_RETENTION_HOUR = 3


def archive(settings: Settings, redis_url: Secret, stop: threading.Event, *, once: bool) -> Archived:
    """Archive until stopped; with `once`, until the stream is drained. Returns what was done.

    With `once`, raises the first error of Redis, or CannotWrite.
    """
    target = Archive(settings.data)
    name = consumer_name(settings.dyno, Slot(settings.home / "archiver"))
    keys = stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    limits = Limits(retention_s=settings.stream_retention_s, stream_max_bytes=settings.stream_max_bytes)

    def make_consumer() -> Consumer:
        return Consumer(redis_url, name, keys, ARCHIVE_GROUP, beyond)

    daily = threading.Thread(target=_retention_daily, args=(settings, stop), name="retention", daemon=True)
    if not once:
        daily.start()
    tune_interpreter()
    Loop(make_consumer, target, Sorting(sort_entries, bury), stop, limits).run(once=once)
    return target.total


def run_retention(settings: Settings, now: datetime, *, dry_run: bool = False) -> Report:
    """Retention with what the settings say, in the archive, in Postgres and in the stream.

    Raises OSError, psycopg.Error, redis.RedisError.
    """
    keep = keep_of(settings)
    if settings.database_url is None:
        report = apply(settings.data, keep, now, dry_run=dry_run)
    else:
        with connect(settings.database_url, name="signaltape-retention") as connection:
            report = apply(settings.data, keep, now, dry_run=dry_run, connection=connection)
    if settings.redis_url is not None and not dry_run:
        keys = stream_keys(settings.stream, settings.partitions)
        beyond = keys_beyond(settings.stream, settings.partitions)
        consumer = Consumer(settings.redis_url, "retention", keys, ARCHIVE_GROUP, beyond)
        consumer.look_around()
        oldest = int((now.timestamp() - settings.stream_retention_s) * 1000)
        report.trimmedEntries = consumer.trim(f"{max(0, oldest)}-0")
        consumer.close()
    return report


def _retention_daily(settings: Settings, stop: threading.Event) -> None:
    while not stop.wait(_until_next(utc_now()).total_seconds()):
        try:
            report = run_retention(settings, utc_now())
        except (OSError, DatabaseError, *RedisError) as error:
            log.warning("retention did not run, it is tried again tomorrow: %s", one_line(error))
            continue
        log.info(
            "retention: %d files deleted, %d kept, %d partitions dropped, %d errors",
            len(report.deletedFiles),
            report.keptFiles,
            len(report.droppedPartitions),
            len(report.errors),
        )


def _until_next(now: datetime) -> timedelta:
    """How long until the next run."""
    local = now.astimezone(WIB)
    due = local.replace(hour=_RETENTION_HOUR, minute=0, second=0, microsecond=0)
    return (due if due > local else due + timedelta(days=1)) - local
