"""`python -m replay archive`: the archiver as a process, with retention once a day."""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

from consumer.consumer import Consumer
from consumer.decoding.decode import decode_entries, to_dead_letter
from consumer.entry import Decoding
from consumer.limits import Limits
from consumer.loop import Loop, tune_interpreter
from consumer.names import Slot, consumer_name
from consumer.partitions import keys_beyond
from replay.archive.archiver import Archive, Archived
from replay.archive.keeping import Keep, Report, attempt, keep_of
from replay.archive.layout import SESSIONS
from replay.archive.metrics import archiver_parts
from replay.archive.outlet import delete_streams
from replay.archive.retention import apply, old_partitions
from signaltape.clock import WIB, utc_now
from signaltape.plain_errors import one_line
from signaltape.serving_measures import serve_measures
from signaltape.settings import Secret, Settings
from signaltape.stream import ARCHIVE_GROUP, stream_keys
from sink.db import connect
from sink.sealing.sealing import MOST_IDLE_S, seal_days

log = logging.getLogger("replay")

#: Retention runs at this hour, WIB: a quiet one.
_RETENTION_HOUR = 3


def archive(
    settings: Settings,
    redis_url: Secret,
    stop: threading.Event,
    *,
    once: bool,
    metrics_port: int | None = None,
) -> Archived:
    """Archive until stopped; with `once`, until the stream is drained. Returns what was done.

    With `once`, raises the first error of Redis, or SinkUnavailable; SettingsError if metrics cannot be served.
    """
    target = Archive(settings.data)
    name = consumer_name(settings.dyno, Slot(settings.home / "archiver"))
    keys = stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    limits = Limits(retention_s=settings.stream_retention_s, stream_max_bytes=settings.stream_max_bytes)

    def make_consumer() -> Consumer:
        return Consumer(redis_url, name, keys, ARCHIVE_GROUP, beyond)

    daily = threading.Thread(target=_retention_daily, args=(settings, stop), name="retention", daemon=True)
    parts = archiver_parts(target, redis_url, settings)
    stop_metrics = serve_measures(metrics_port, "archiver", parts, None if once else settings)
    if not once:
        daily.start()
    tune_interpreter()
    try:
        Loop(make_consumer, target, Decoding(decode_entries, to_dead_letter), stop, limits).run(once=once)
    finally:
        stop_metrics()
    return target.total


def run_retention(settings: Settings, now: datetime, *, dry_run: bool = False) -> Report:
    """Retention with what the settings say, in the archive, in Postgres and in the stream.

    Each step fails by itself; what failed stands in the report.
    """
    keep = keep_of(settings)
    report = apply(settings.data, keep, now, dry_run=dry_run)
    if settings.database_url is not None:
        attempt(report, "postgres", partial(_in_postgres, settings.database_url, keep, now, report))
        if not dry_run:
            attempt(report, "seal", partial(_seal, settings.database_url, report))
    if settings.redis_url is not None and not dry_run:
        attempt(report, "stream", partial(_trim, settings, settings.redis_url, now, report))
        gone = [
            path.removeprefix(f"{SESSIONS}/") for path in report.deletedFiles if path.startswith(SESSIONS)
        ]
        attempt(report, "replays", partial(delete_streams, settings.redis_url, settings.stream, gone))
    return report


def _in_postgres(url: Secret, keep: Keep, now: datetime, report: Report) -> None:
    with connect(url, name="signaltape-retention") as connection:
        old_partitions(connection, keep, now, report)


def _seal(url: Secret, report: Report) -> None:
    """The record of the days that are over is sealed each night, see docs/sealed.md."""
    with connect(url, name="signaltape-seal", most_idle_s=MOST_IDLE_S) as connection:
        report.sealedDays = len(seal_days(connection))


def _trim(settings: Settings, url: Secret, now: datetime, report: Report) -> None:
    keys = stream_keys(settings.stream, settings.partitions)
    beyond = keys_beyond(settings.stream, settings.partitions)
    oldest = int((now.timestamp() - settings.stream_retention_s) * 1000)
    with closing(Consumer(url, "retention", keys, ARCHIVE_GROUP, beyond)) as consumer:
        consumer.look_around()
        report.trimmedEntries = consumer.trim(f"{max(0, oldest)}-0")


def _retention_daily(settings: Settings, stop: threading.Event) -> None:
    """Every night until stopped, whatever becomes of one of them."""
    while not stop.wait(_until_next(utc_now()).total_seconds()):
        try:
            report = run_retention(settings, utc_now())
        except Exception as error:  # noqa: BLE001 - the next night must come
            log.warning("retention did not run, it is tried again tomorrow: %s", one_line(error))
            continue
        log.info(
            "retention: %d files deleted, %d kept, %d partitions dropped, %d entries trimmed, %d days sealed, "
            "%d errors",
            *(len(report.deletedFiles), report.keptFiles, len(report.droppedPartitions)),
            *(report.trimmedEntries, report.sealedDays, len(report.errors)),
        )


def _until_next(now: datetime) -> timedelta:
    """How long until the next run."""
    local = now.astimezone(WIB)
    due = local.replace(hour=_RETENTION_HOUR, minute=0, second=0, microsecond=0)
    return (due if due > local else due + timedelta(days=1)) - local
