"""The schedule: the Weekly Scorecard, Sunday 23:59 Asia/Jakarta, and a sender that keeps the outbox empty.

The job is due from its minute until the next one: a box that slept, or was off on Sunday, catches up the newest
missed week as soon as it runs again. The outbox's key keeps that from ever becoming a second report.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from reports.delivery import Destination, destination, enqueue
from reports.scorecard import compute, store
from reports.telegram.api import BotApi
from reports.telegram.outbox import Outbox
from reports.telegram.sender import Sender
from reports.weeks import newest_due
from signaltape.clock import WIB, WIB_NAME, show
from signaltape.settings import Settings
from signaltape.shipping.backoff import Backoff
from sink.db import DatabaseError, connect, database_url, one_line

log = logging.getLogger("reports")

_CATCH_UP_S = int(timedelta(days=7).total_seconds())


def trigger() -> CronTrigger:
    """Sunday 23:59 Asia/Jakarta."""
    return CronTrigger(day_of_week="sun", hour=23, minute=59, timezone=WIB)


def report_newest(settings: Settings, now: datetime) -> bool:
    """Compute and store the newest week that is due, and enqueue it. False if it needs no sending (again).

    Raises psycopg.Error when Postgres is away.
    """
    week = newest_due(now)
    to = destination(settings)
    with closing(connect(database_url(settings), name="signaltape-reports")) as connection:
        card = compute(connection, week, settings.round_trip_pct)
        store(connection, card, now)
        if to is None:
            log.info("%s stored; Telegram is not configured, so it is not sent", week.name)
            return False
        if not enqueue(connection, card, to, now):
            return False
    log.info("%s stored and put into the outbox", week.name)
    return True


async def run(settings: Settings, stop: asyncio.Event, clock: Callable[[], datetime]) -> None:
    """Report and send until `stop` is set. Outages of Postgres are waited out."""

    async def job() -> None:
        await _persistently(lambda: report_newest(settings, clock()), stop)

    scheduler = AsyncIOScheduler(timezone=WIB)
    scheduler.add_job(
        job, trigger(), id="weekly-scorecard", coalesce=True, max_instances=1, misfire_grace_time=_CATCH_UP_S
    )
    scheduler.start()
    next_run = scheduler.get_job("weekly-scorecard").next_run_time
    log.info("next Weekly Scorecard: %s (%s)", show(next_run), WIB_NAME)
    try:
        await job()  # what was due while nobody ran
        await _send(settings, stop)
    finally:
        scheduler.shutdown(wait=False)


async def _persistently(work: Callable[[], object], stop: asyncio.Event) -> None:
    backoff = Backoff(cap_s=60.0)
    while not stop.is_set():
        try:
            work()
            return
        except DatabaseError as error:
            await _pause(stop, backoff.next_s(), one_line(error))


async def _send(settings: Settings, stop: asyncio.Event) -> None:
    to = destination(settings)
    if to is None:
        log.info("TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID are not both set: scorecards are only stored")
        await stop.wait()
        return
    backoff = Backoff(cap_s=60.0)
    while not stop.is_set():
        try:
            await _send_while_connected(settings, to, stop)
        except DatabaseError as error:
            await _pause(stop, backoff.next_s(), one_line(error))


async def _send_while_connected(settings: Settings, to: Destination, stop: asyncio.Event) -> None:
    with closing(connect(database_url(settings), name="signaltape-sender")) as connection:
        async with BotApi(to.token, to.base) as api:
            await Sender(Outbox(connection), api).run(stop)


async def _pause(stop: asyncio.Event, wait_s: float, why: str) -> None:
    log.warning("Postgres is away, trying again in %.1f s: %s", wait_s, why)
    try:
        await asyncio.wait_for(stop.wait(), wait_s)
    except TimeoutError:
        return
