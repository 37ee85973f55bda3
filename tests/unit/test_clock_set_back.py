"""The reporter's machine has a clock that is set back: it looks for what is due all the same."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, tzinfo

import pytest
from apscheduler.schedulers import base
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from reports import schedule
from signaltape import Secret, Settings
from signaltape.clock import WIB, utc_now

BOT = Settings(
    telegram_bot_token=Secret("1:x"),
    telegram_chat_id="42",
    telegram_api_base="http://127.0.0.1:1",
    database_url=Secret("postgresql://u@127.0.0.1:1/x"),
)


class Clock:
    """The machine's clock, as the scheduler reads it."""

    back = timedelta(0)

    @classmethod
    def now(cls, zone: tzinfo) -> datetime:
        """The time of this clock."""
        return datetime.now(zone) - cls.back


def test_a_clock_that_is_set_back_does_not_keep_the_reporter_from_looking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base, "datetime", Clock)
    monkeypatch.setattr(schedule, "LOOK_EVERY_S", 0.2)
    looked: list[int] = []
    monkeypatch.setattr(schedule, "report_newest", lambda *_: looked.append(1))

    async def looks(more: int) -> None:
        enough = len(looked) + more
        while len(looked) < enough:
            await asyncio.sleep(0.02)

    async def work() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(schedule.run(BOT, stop, utc_now))
        await asyncio.wait_for(looks(3), 10)
        monkeypatch.setattr(Clock, "back", timedelta(days=30))
        await asyncio.wait_for(looks(3), 5)
        stop.set()
        await running

    asyncio.run(work())


def test_the_next_report_is_planned_anew_when_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "datetime", Clock)
    monkeypatch.setattr(schedule, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(Clock, "back", -timedelta(days=30))
    monkeypatch.setattr(schedule, "report_newest", lambda *_: None)
    scheduler = AsyncIOScheduler(timezone=WIB)
    monkeypatch.setattr(schedule, "AsyncIOScheduler", lambda **_: scheduler)

    def days_ahead() -> int:
        ahead: timedelta = scheduler.get_job("weekly-scorecard").next_run_time - utc_now()
        return ahead.days

    async def soon() -> None:
        while days_ahead() >= 7:
            await asyncio.sleep(0.02)

    async def work() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(schedule.run(Settings(), stop, utc_now))
        await asyncio.sleep(0)
        assert days_ahead() > 20
        monkeypatch.setattr(Clock, "back", timedelta(0))
        await asyncio.wait_for(soon(), 5)
        stop.set()
        await running

    asyncio.run(work())
