"""The reporter goes on: no error ends it, and SIGTERM does within its time."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta, tzinfo
from threading import Event

import pytest

from reports import schedule
from reports.hand import Hand
from signaltape.clock import utc_now
from signaltape.settings import Settings
from signaltape.shipping.backoff import Backoff
from tests.support.waiting import soon


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next_s", lambda _: 0.01)


@pytest.mark.parametrize(
    "error", [ArithmeticError("tiny"), KeyError("x"), MemoryError(), RuntimeError("a\nb")]
)
def test_no_error_ends_the_reporter(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    tries: list[int] = []

    async def run() -> None:
        stop = asyncio.Event()

        def report(_settings: object, _now: object) -> None:
            tries.append(1)
            if len(tries) < 3:
                raise error
            loop.call_soon_threadsafe(stop.set)

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(schedule, "report_newest", report)
        await asyncio.wait_for(schedule.run(Settings(), stop, utc_now), 5)

    asyncio.run(run())
    assert len(tries) == 3


def test_a_report_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "STOP_WITHIN_S", 0.1)
    monkeypatch.setattr("reports.hand._END_WITHIN_S", 0.1)
    release = Event()
    began = time.monotonic()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def report(_settings: object, _now: object) -> None:
            loop.call_soon_threadsafe(stop.set)
            release.wait(10)

        monkeypatch.setattr(schedule, "report_newest", report)
        await schedule.run(Settings(), stop, utc_now)

    asyncio.run(run())
    release.set()
    assert time.monotonic() - began < 5


def test_a_week_that_became_due_while_the_machine_slept_is_stored_though_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asleep = timedelta(0)
    reported: list[int] = []

    class Clock(datetime):
        """The time of day, which goes on while a machine sleeps; its timers do not."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + asleep

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def report(_settings: object, _now: object) -> None:
            nonlocal asleep
            asleep = timedelta(days=7)
            reported.append(1)
            if len(reported) == 2:
                loop.call_soon_threadsafe(stop.set)

        monkeypatch.setattr(schedule, "report_newest", report)
        await asyncio.wait_for(schedule.run(Settings(), stop, utc_now), 10)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Clock)
    monkeypatch.setattr("apscheduler.executors.base.datetime", Clock)
    monkeypatch.setattr(schedule, "LOOK_EVERY_S", 0.05)
    asyncio.run(run())
    assert len(reported) == 2


def test_a_hand_does_one_call_after_another_though_an_asker_was_cancelled() -> None:
    running: list[str] = []
    together: list[list[str]] = []
    release = Event()

    def call(name: str) -> str:
        running.append(name)
        together.append(list(running))
        if name == "first":
            release.wait(5)
        running.remove(name)
        return name

    async def run() -> str:
        async with Hand("test") as hand:
            first = asyncio.create_task(hand.do(call, "first"))
            await soon(lambda: running, every=0)
            first.cancel()
            second = asyncio.create_task(hand.do(call, "second"))
            await asyncio.sleep(0)
            release.set()
            return await second

    assert asyncio.run(run()) == "second"
    assert together == [["first"], ["second"]]


def test_what_a_call_raises_is_raised_to_its_asker() -> None:
    async def run() -> None:
        async with Hand("test") as hand:
            with pytest.raises(ZeroDivisionError):
                await hand.do(lambda: 1 / 0)
            assert await hand.do(int, "7") == 7
        assert hand.idle

    asyncio.run(run())
