"""The schedule: the Weekly Scorecard, Sunday 23:59 Asia/Jakarta, and a sender that keeps the outbox empty.

On Sunday, on every start and every minute the reporter asks whether the newest week that is due was reported; if not,
it puts that week's job into the queue and works it off. So a box that slept, or was off on Sunday, catches up the
newest missed week as soon as it runs again, and so does another reporter when one dies in the middle. The job's id and
the outbox's key keep that from ever becoming a second report.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

import redis
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from outbox.serving import STOP_WITHIN_S, persistently, send_while_connected, wait
from reports import jobs
from reports.building import build, newest_missing
from reports.delivery import destination
from reports.hand import Hand
from signaltape.clock import WIB, WIB_NAME, show
from signaltape.plain_errors import one_line
from signaltape.settings import Settings

log = logging.getLogger("reports")

_WEEK = timedelta(days=7)
_CATCH_UP_S = int(_WEEK.total_seconds())
_WEEKLY = "weekly-scorecard"
#: How often a reporter looks whether another one died over its report.
LOOK_EVERY_S = 60.0


def trigger() -> CronTrigger:
    """Sunday 23:59 Asia/Jakarta."""
    return CronTrigger(day_of_week="sun", hour=23, minute=59, timezone=WIB)


def report_newest(settings: Settings, now: datetime) -> None:
    """See to it that the newest week that is due is reported: by a job in the queue, or here if Redis is away.

    Raises psycopg.Error when Postgres is away, JobFailed when a job ended with an error.
    """
    week = newest_missing(settings, now)
    if week is None:
        return
    if settings.redis_url is None:
        build(settings, week, now)
        return
    try:
        with closing(jobs.client(settings.redis_url)) as connection:
            weekly = jobs.WeeklyJobs(connection, settings.stream)
            why = weekly.in_vain(week) if destination(settings) is not None else None
            if why is None:
                weekly.ensure(week)
                weekly.work_off(week)
                return
    except redis.RedisError as error:
        log.warning("Redis is away (%s): building %s without a job", one_line(error), week.name)
    else:
        log.warning("the job of %s ended without a report (%s): building it here", week.name, why)
    build(settings, week, now)


async def run(settings: Settings, stop: asyncio.Event, clock: Callable[[], datetime]) -> None:
    """Report and send until `stop` is set; then end within STOP_WITHIN_S. Whatever goes wrong is tried again."""
    busy = asyncio.Lock()

    async def job() -> None:
        async with busy, Hand("reporter") as hand:
            await persistently(
                lambda: hand.do(report_newest, settings, clock()),
                stop,
                "the report was not built",
                (jobs.JobFailed,),
            )

    async def look() -> None:
        """Every minute by a clock that nobody sets."""
        while not stop.is_set():
            await wait(stop, LOOK_EVERY_S)
            planned = scheduler.get_job(_WEEKLY)
            if planned is not None and planned.next_run_time - clock() > _WEEK:
                scheduler.reschedule_job(_WEEKLY, trigger=trigger())  # the clock was set back
            if not stop.is_set():
                scheduler.wakeup()  # it may have become due while the machine slept: timers sleep too
            if to is not None and not busy.locked() and not stop.is_set():
                try:
                    await job()
                except Exception:
                    log.exception("no look at what is due; the next one is in %.0f s", LOOK_EVERY_S)

    scheduler = AsyncIOScheduler(timezone=WIB)
    scheduler.add_job(
        job, trigger(), id=_WEEKLY, coalesce=True, max_instances=1, misfire_grace_time=_CATCH_UP_S
    )
    to = destination(settings)
    scheduler.start()
    next_run = scheduler.get_job(_WEEKLY).next_run_time
    log.info("next Weekly Scorecard: %s (%s)", show(next_run), WIB_NAME)
    tasks = [asyncio.create_task(job())]  # what was due while nobody ran
    tasks.append(asyncio.create_task(look()))
    if to is not None:
        sender = partial(send_while_connected, settings, to.token, to.base, stop, [])
        tasks.append(asyncio.create_task(persistently(sender, stop, "nothing can be sent")))
    else:
        log.info("TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID are not both set: scorecards are only stored")
    try:
        await stop.wait()
    finally:
        scheduler.shutdown(wait=False)
        await _end(tasks)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Let tasks end by themselves for a while. What is cut off then is taken up by the next reporter."""
    _, late = await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
