"""Building a report: compute a week, store it, and put it into the outbox."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime

from reports.delivery import destination, enqueue, key_in_use
from reports.figures import outcomes
from reports.scorecard import compute, is_over, store
from reports.telegram.outbox import Outbox
from reports.weeks import Week, newest_due
from signaltape.failpoints import failpoint
from signaltape.settings import Settings
from sink.db import connect, database_url, snapshot

log = logging.getLogger("reports")


def build(settings: Settings, week: Week, now: datetime) -> bool:
    """Compute and store a week, and enqueue its report. False if it needs no sending (again), or none any more.

    Doing it twice, or twice at once, is harmless: the outbox takes a report once.
    Raises psycopg.Error when Postgres is away.
    """
    if week.monday < newest_due(now).monday:
        log.warning("%s is too old to be reported: a newer week is due", week.name)
        return False
    to = destination(settings)
    with closing(connect(database_url(settings), name="signaltape-reports")) as connection:
        if not is_over(connection, week):
            log.warning("%s is not over by Postgres' clock: check the clock of this machine", week.name)
            return False
        with snapshot(connection):
            card = compute(connection, week, settings.round_trip_pct)
            closed = outcomes(connection, week) if to is not None else []
        store(connection, card, now)
        failpoint("reports.before_enqueue")
        if to is None:
            log.info("%s stored; Telegram is not configured, so it is not sent", week.name)
            return False
        if not enqueue(connection, card, to, now, closed):
            return False
    log.info("%s stored and put into the outbox", week.name)
    return True


def is_built(settings: Settings, week: Week, now: datetime) -> bool:
    """Whether the report of a week is in the outbox. False without a destination. Raises psycopg.Error."""
    to = destination(settings)
    if to is None:
        return False
    with closing(connect(database_url(settings), name="signaltape-reports")) as connection:
        outbox = Outbox(connection)
        return outbox.state(key_in_use(outbox, week, to.chat_id, now)) is not None
