"""Not more often than so, and the first to end ends all."""

from __future__ import annotations

import asyncio
import logging

import pytest

from market.exchanges.first import first_to_end
from market.exchanges.pace import Pace
from market.exchanges.refusals import Refusals
from signaltape.notices import Notices


def test_turns_lie_apart_and_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def run() -> None:
        async def sleep(seconds: float) -> None:
            waited.append(round(seconds, 1))

        monkeypatch.setattr(asyncio, "sleep", sleep)
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 100.0)
        pace = Pace(0.5)
        for _ in range(4):
            await pace.wait()

    asyncio.run(run())
    assert waited == [0.5, 1.0, 1.5]


def test_who_comes_later_than_that_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        clock = [100.0]
        loop = asyncio.get_running_loop()
        pace = Pace(0.5)
        with monkeypatch.context() as patch:
            patch.setattr(loop, "time", lambda: clock[0])
            patch.setattr(asyncio, "sleep", None)  # it would be called
            await pace.wait()
            clock[0] = 100.5
            await pace.wait()

    asyncio.run(run())


def test_the_first_that_ends_cancels_the_others_and_its_error_is_the_one() -> None:
    ended: list[str] = []

    async def fail() -> None:
        raise LookupError("gone")

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("hang")

    with pytest.raises(LookupError, match="gone"):
        asyncio.run(first_to_end(hang(), fail(), hang()))
    assert ended == ["hang", "hang"]


def test_a_refusal_is_said_once_a_minute_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    clock = [0.0]
    refusals = Refusals("okx", Notices(lambda: clock[0]))
    with caplog.at_level(logging.WARNING, "signaltape"):
        for _ in range(5):
            refusals.add("frame", "not JSON\n\x1b[31m")
        refusals.add("binary frame", "2 bytes")
        clock[0] = 61.0
        refusals.add("frame", "x" * 10_000)
    assert dict(refusals.counts) == {"frame": 6, "binary frame": 1}
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert "okx: frame passed over: 'not JSON\\n\\x1b[31m'" in said[0]
    assert "4 more like it" in said[2]
    assert len(said[2]) < 400
