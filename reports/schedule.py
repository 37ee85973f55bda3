"""The schedule: the Weekly Scorecard, Sunday 23:59 Asia/Jakarta, and a sender that keeps the outbox empty.

On Sunday, on every start and every minute the reporter asks whether the newest week that is due was reported; if not,
it puts that week's job into the queue and works it off. So a box that slept, or was off on Sunday, catches up the
newest missed week as soon as it runs again, and so does another reporter when one dies in the middle. The job's id and
the outbox's key keep that from ever becoming a second report.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

import redis
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from reports import jobs
from reports.building import build, is_built
from reports.delivery import Destination, destination
from reports.telegram.api import BotApi
from reports.telegram.outbox import Outbox
from reports.telegram.pace import Pace
from reports.telegram.sender import Sender
from reports.weeks import newest_due
from signaltape.clock import WIB, WIB_NAME, show
from signaltape.settings import Settings
from signaltape.shipping.backoff import Backoff
from sink.db import DatabaseError, connect, database_url, one_line

log = logging.getLogger("reports")

_CATCH_UP_S = int(timedelta(days=7).total_seconds())
#: How often a reporter looks whether another one died over its report.
LOOK_EVERY_S = 60.0


def trigger() -> CronTrigger:
    """Sunday 23:59 Asia/Jakarta."""
    return CronTrigger(day_of_week="sun", hour=23, minute=59, timezone=WIB)


def report_newest(settings: Settings, now: datetime) -> None:
    """See to it that the newest week that is due is reported: by a job in the queue, or here if Redis is away.

    Raises psycopg.Error when Postgres is away, JobFailed when a job ended with an error.
    """
    week = newest_due(now)
    if is_built(settings, week, now):
        return
    if settings.redis_url is None:
        build(settings, week, now)
        return
    try:
        with closing(jobs.client(settings.redis_url)) as connection:
            jobs.ensure(connection, week)
            jobs.work_off(connection, week)
    except redis.RedisError as error:
        log.warning("Redis is away (%s): building %s without a job", one_line(error), week.name)
        build(settings, week, now)


async def run(settings: Settings, stop: asyncio.Event, clock: Callable[[], datetime]) -> None:
    """Report and send until `stop` is set. Outages of Postgres are waited out."""
    busy = asyncio.Lock()

    async def job() -> None:
        async with busy:
            await _persistently(lambda: report_newest(settings, clock()), stop)

    async def look() -> None:
        if not busy.locked():
            await job()

    scheduler = AsyncIOScheduler(timezone=WIB)
    scheduler.add_job(
        job, trigger(), id="weekly-scorecard", coalesce=True, max_instances=1, misfire_grace_time=_CATCH_UP_S
    )
    if destination(settings) is not None:
        scheduler.add_job(look, IntervalTrigger(seconds=LOOK_EVERY_S), id="look", coalesce=True)
    scheduler.start()
    next_run = scheduler.get_job("weekly-scorecard").next_run_time
    log.info("next Weekly Scorecard: %s (%s)", show(next_run), WIB_NAME)
    sending = asyncio.create_task(_send(settings, stop))
    try:
        await job()  # what was due while nobody ran
        await sending
    finally:
        scheduler.shutdown(wait=False)


async def _persistently(work: Callable[[], object], stop: asyncio.Event) -> None:
    backoff = Backoff(cap_s=60.0)
    while not stop.is_set():
        try:
            await asyncio.to_thread(work)
            return
        except DatabaseError as error:
            await _pause(stop, backoff.next_s(), f"Postgres is away: {one_line(error)}")
        except jobs.JobFailed as error:
            await _pause(stop, backoff.next_s(), f"the report was not built: {error}")


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
            await _pause(stop, backoff.next_s(), f"Postgres is away: {one_line(error)}")


async def _send_while_connected(settings: Settings, to: Destination, stop: asyncio.Event) -> None:
    with closing(connect(database_url(settings), name="signaltape-sender")) as connection:
        async with BotApi(to.token, to.base) as api:
            await Sender(Outbox(connection), api, Pace(connection)).run(stop)


async def _pause(stop: asyncio.Event, wait_s: float, why: str) -> None:
    log.warning("trying again in %.1f s: %s", wait_s, why)
    try:
        await asyncio.wait_for(stop.wait(), wait_s)
    except TimeoutError:
        return
