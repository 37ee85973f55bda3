"""Building a report: compute a week, store it, and put it into the outbox."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime
from time import monotonic

from outbox.outbox import Outbox
from reports.clocks import agreed
from reports.course import NO_COURSE, course_of
from reports.delivery import destination, enqueue, key_in_use
from reports.scorecard import compute, store
from reports.weeks import Week, newest_due
from signaltape.errors import Stopped
from signaltape.failpoints import failpoint
from signaltape.plain_errors import one_line
from signaltape.settings import Settings
from sink.db import Connection, DatabaseError, connect, database_url, snapshot
from sink.sealing.sealing import seal_days

log = logging.getLogger("reports")

#: A year of a busy engine takes less. The job of a report has ten minutes.
_SEAL_S = 120.0


def build(settings: Settings, week: Week, now: datetime) -> bool:
    """Compute and store a week, and enqueue its report. False if it needs no sending (again), or none any more.

    Doing it twice, or twice at once, is harmless: the outbox takes a report once.
    Raises psycopg.Error when Postgres is away.
    """
    to = destination(settings)
    with closing(connect(database_url(settings), name="signaltape-reports")) as connection:
        now = agreed(connection, now)
        if now < week.report_due:
            log.warning("%s is not over by Postgres' clock: check the clock of this machine", week.name)
            return False
        if week != newest_due(now):
            log.warning("%s is too old to be reported: a newer week is due", week.name)
            return False
        _seal(connection)
        with snapshot(connection):
            card = compute(connection, week, settings.round_trip_pct)
            course = course_of(connection, week) if to is not None else NO_COURSE
        store(connection, card, now)
        failpoint("reports.before_enqueue")
        if to is None:
            log.info("%s stored; Telegram is not configured, so it is not sent", week.name)
            return False
        if not enqueue(connection, card, to, now, course):
            return False
    log.info("%s stored and put into the outbox", week.name)
    return True


def _seal(connection: Connection) -> None:
    """The report tells the newest seal. That it cannot be made, or takes too long, does not hold up the report."""
    ends = monotonic() + _SEAL_S

    def told(_done: int, _total: int) -> None:
        if monotonic() > ends:
            raise Stopped("the rest is sealed by the archiver, or python -m sink seal")

    try:
        seal_days(connection, told)
    except (DatabaseError, Stopped) as error:
        log.warning("the record is not sealed to the newest day: %s", one_line(error))


def newest_missing(settings: Settings, now: datetime) -> Week | None:
    """The newest week that is due, None if its report is in the outbox. Raises psycopg.Error."""
    to = destination(settings)
    with closing(connect(database_url(settings), name="signaltape-reports")) as connection:
        now = agreed(connection, now)
        week = newest_due(now)
        if to is None:
            return week
        outbox = Outbox(connection)
        return week if outbox.state(key_in_use(outbox, week, to.chat_id, now)) is None else None
