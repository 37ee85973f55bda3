"""The sender's line: one call after another, each to its end."""

from __future__ import annotations

import asyncio

import pytest

from outbox.line import Line


def test_a_line_does_one_call_after_another_though_an_asker_was_cancelled() -> None:
    done: list[str] = []

    async def run() -> str:
        begun, release = asyncio.Event(), asyncio.Event()

        async def call(name: str) -> str:
            done.append(f"{name} begins")
            begun.set()
            await release.wait()
            done.append(f"{name} ends")
            return name

        async with Line() as line:
            first = asyncio.create_task(line.do(call, "first"))
            await begun.wait()
            first.cancel()
            second = asyncio.create_task(line.do(call, "second"))
            await asyncio.gather(first, return_exceptions=True)
            release.set()
            return await second

    assert asyncio.run(run()) == "second"
    assert done == ["first begins", "first ends", "second begins", "second ends"]


def test_a_line_ends_with_what_it_was_asked_for_last() -> None:
    done: list[str] = []

    async def run() -> None:
        async def call() -> None:
            await asyncio.sleep(0)
            done.append("written")

        async with Line() as line:
            asking = asyncio.create_task(line.do(call))
            await asyncio.sleep(0)
            asking.cancel()
        assert line.idle

    asyncio.run(run())
    assert done == ["written"]


def test_a_call_that_hangs_holds_up_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outbox.line._END_WITHIN_S", 0.01)

    async def run() -> None:
        async with Line() as line:
            asking = asyncio.create_task(line.do(asyncio.Event().wait))
            await asyncio.sleep(0)
            asking.cancel()
        assert not line.idle

    asyncio.run(asyncio.wait_for(run(), 10))


def test_what_a_call_raises_is_raised_to_its_asker() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    async def run() -> None:
        async with Line() as line:
            with pytest.raises(ZeroDivisionError):
                await line.do(fail)
        assert line.idle

    asyncio.run(run())
