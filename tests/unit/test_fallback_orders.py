"""Orders of events around a breaker and a fallback: who was asked before it opened, and who cancelled whom."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from signaltape.breaker import OPEN
from signaltape.fallback import Fallbacks, NothingLeft, Outcome

NAME = "book"


class World:
    """A clock, and calls that end when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fallbacks = Fallbacks(lambda: self.now)
        self.breaker = self.fallbacks._name(NAME).breaker

    async def asked(self) -> tuple[asyncio.Task[Outcome[str]], asyncio.Future[str]]:
        """A call under way, and what ends it."""
        end: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self.fallbacks.safe(lambda: end, name=NAME))
        await asyncio.sleep(0)
        return task, end

    async def open(self) -> None:
        for _ in range(5):
            task, end = await self.asked()
            end.set_exception(ConnectionError("away"))
            with suppress(NothingLeft):
                await task


def test_one_that_was_asked_before_it_opened_does_not_end_the_probe_by_failing() -> None:
    async def run() -> None:
        world = World()
        old, old_end = await world.asked()
        await world.open()
        world.now += 10
        probe, probe_end = await world.asked()
        old_end.set_exception(ConnectionError("late"))
        with pytest.raises(NothingLeft):
            await old
        assert world.breaker.openings == 1
        probe_end.set_exception(ConnectionError("still away"))
        with pytest.raises(NothingLeft):
            await probe
        assert world.breaker.openings == 2

    asyncio.run(run())


def test_one_that_was_asked_before_it_opened_does_not_end_the_probe_by_being_given_up() -> None:
    async def run() -> None:
        world = World()
        old, _ = await world.asked()
        await world.open()
        world.now += 10
        probe, probe_end = await world.asked()
        old.cancel()
        with pytest.raises(asyncio.CancelledError):
            await old
        with pytest.raises(NothingLeft, match="left alone"):  # and not a second probe
            await asyncio.wait_for(world.fallbacks.safe(lambda: asyncio.sleep(0, "x"), name=NAME), 20)
        probe_end.set_exception(ConnectionError("still away"))
        with pytest.raises(NothingLeft):
            await probe
        assert world.breaker.state(round(world.now * 1e6)) == OPEN

    asyncio.run(run())


def test_a_first_choice_that_somebody_else_cancels_has_failed_and_cancels_nobody() -> None:
    async def run() -> Outcome[str]:
        shared = asyncio.create_task(asyncio.Event().wait())
        asyncio.get_running_loop().call_soon(shared.cancel)

        async def primary() -> str:
            await shared
            return "never"

        return await World().fallbacks.safe(primary, lambda: asyncio.sleep(0, "second"), name=NAME)

    outcome = asyncio.run(run())
    assert (outcome.value, outcome.degraded) == ("second", True)


def test_a_second_choice_that_somebody_else_cancels_leaves_the_last_good_value() -> None:
    async def run() -> Outcome[str]:
        async def cancelled() -> str:
            raise asyncio.CancelledError

        world = World()
        await world.fallbacks.safe(lambda: asyncio.sleep(0, "good"), name=NAME)
        return await world.fallbacks.safe(cancelled, cancelled, name=NAME)

    outcome = asyncio.run(run())
    assert (outcome.value, outcome.degraded) == ("good", True)


def test_who_cancels_it_cancels_it() -> None:
    async def run() -> None:
        task, _ = await World().asked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
