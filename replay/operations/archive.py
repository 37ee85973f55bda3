"""The archive: its process, retention, the stream read again into Postgres, and whether all is well."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime

from msgspec import Struct

from replay.archive import archiving
from replay.archive.archiver import Archived
from replay.archive.health import Health, logging_health, replay_health
from replay.archive.keeping import Report
from replay.plain_errors import plain_errors
from replay.sessions import reprocess
from replay.sessions.choosing import all_keys
from replay.sessions.reprocess import Reprocessed
from replay.sessions.sources import ArchiveSource, Span
from signaltape.commands.command import usable_folder
from signaltape.control import present
from signaltape.errors import InvalidRequest, NotFound
from signaltape.redis_client import open_redis, redis_url
from signaltape.settings import Settings
from signaltape.stopping import until
from sink.db import connect, database_url


class HealthReport(Struct, frozen=True):
    """Whether recording and replays are well."""

    logging: Health
    replay: Health

    @property
    def is_well(self) -> bool:
        """Whether both are OK."""
        return self.logging.status == self.replay.status == "OK"


@plain_errors()
def archive(
    settings: Settings, stop: threading.Event, *, once: bool = False, metrics_port: int | None = None
) -> Archived:
    """Write the stream into files until stopped, with retention every night; with `once`, until it is drained.

    metrics_port: where to serve Prometheus metrics, if not where the settings say.
    """
    usable_folder("SIGNALTAPE_HOME", settings.home)
    usable_folder("SIGNALTAPE_DATA", settings.data)
    url = redis_url(settings)
    with nullcontext() if once else present(settings, "archiver"):
        return archiving.archive(settings, url, stop, once=once, metrics_port=metrics_port)


@plain_errors()
def run_retention(settings: Settings, now: datetime, *, dry_run: bool = False) -> Report:
    """Delete what is past its time, after summing it up; what failed stands in the report. dry_run: only say it."""
    return archiving.run_retention(settings, now, dry_run=dry_run)


@plain_errors()
def health(settings: Settings, session: str | None = None) -> HealthReport:
    """Whether recording and replays are well; of one session only, if it is named."""
    return HealthReport(logging_health(settings), replay_health(settings, session))


@plain_errors()
def reprocess_stream(
    settings: Settings,
    start: str,
    end: str = "+",
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
    stop: threading.Event | None = None,
) -> Reprocessed:
    """Read a stretch of the stream again into Postgres: what is there already stays as it is.

    start, end: an entry id (inclusive), `-`, `+`, or an ISO time (exclusive as the end). dry_run: change nothing.
    progress: called with how many entries were read; stop: once set, it ends by Stopped.
    """
    first, last = _offset(start), _offset(end, end=True)
    tell = until(stop, progress, "stopped: what was stored stays")
    with (
        connect(database_url(settings), name="signaltape-replay") as connection,
        open_redis(settings) as client,
    ):
        keys = all_keys(client, settings)
        return reprocess.reprocess(client, connection, keys, first, last, dry_run=dry_run, progress=tell)


@plain_errors()
def fill_from_archive(
    settings: Settings,
    span: Span,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
    stop: threading.Event | None = None,
) -> Reprocessed:
    """Read what the archive holds of a span into Postgres: what is there already stays as it is.

    For what no stream holds any more. dry_run, progress, stop: as of `reprocess_stream`. Raises NotFound if there is no
    archive under SIGNALTAPE_DATA.
    """
    source = ArchiveSource(settings.data)
    if not source.exists:
        raise NotFound(
            f"there is no archive under {settings.data}: set SIGNALTAPE_DATA to the folder of data/"
        )
    tell = until(stop, progress, "stopped: what was stored stays")
    with connect(database_url(settings), name="signaltape-replay") as connection:
        done = reprocess.fill(connection, source.lines(span), dry_run=dry_run, progress=tell)
    return done._replace(bad=source.bad.said())


def _offset(text: str, *, end: bool = False) -> str:
    try:
        return reprocess.offset(text, end=end)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
