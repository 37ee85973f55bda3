"""What one gets when the first choice is away: the second, then what was good last, and that it is degraded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from signaltape.fallback import LAST_GOOD_S, MOST_NAMES, Fallbacks, NothingLeft, Outcome, safe
from tests.support.measured_http import measurements, measuring
from tests.support.waiting import soon

Call = Callable[[], Awaitable[str]]


class World:
    """A clock to turn, and what was called."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.called: list[str] = []
        self.fallbacks = Fallbacks(lambda: self.now)

    def gives(self, value: str) -> Call:
        async def call() -> str:
            self.called.append(value)
            return value

        return call

    def fails(self, why: str = "away") -> Call:
        async def call() -> str:
            self.called.append(why)
            raise ConnectionError(why)

        return call

    def get(self, primary: Call, fallback: Call | None = None, name: str = "book") -> Outcome[str]:
        return asyncio.run(self.fallbacks.safe(primary, fallback, name=name))


@pytest.fixture
def world() -> World:
    return World()


def test_what_goes_well_is_not_degraded(world: World) -> None:
    assert world.get(world.gives("first"), world.gives("second")) == Outcome("first")
    assert world.called == ["first"]


def test_the_second_choice_is_degraded_and_says_why(world: World) -> None:
    outcome = world.get(world.fails(), world.gives("second"))
    assert outcome == Outcome("second", degraded=True, reasons=("primary: away",))


def test_what_was_good_last_serves_for_30_s(world: World) -> None:
    world.get(world.gives("first"))
    world.now += LAST_GOOD_S
    outcome = world.get(world.fails(), world.fails("away too"))
    assert (outcome.value, outcome.degraded, outcome.age_s) == ("first", True, LAST_GOOD_S)
    assert outcome.reasons == ("primary: away", "fallback: away too", "last good value, 30.0 s old")
    world.now += 0.001
    with pytest.raises(NothingLeft, match=r"^book: primary: away; no good value of the last 30 s$"):
        world.get(world.fails())


def test_a_value_of_nothing_is_a_good_one(world: World) -> None:
    async def nothing() -> None:
        return None

    first = asyncio.run(world.fallbacks.safe(nothing, name="none"))
    again = asyncio.run(world.fallbacks.safe(world.fails(), name="none"))
    assert (first, again.degraded, again.age_s) == (Outcome(None), True, 0)


def test_the_second_choices_value_is_never_a_last_good_one(world: World) -> None:
    world.get(world.fails(), world.gives("second"))
    with pytest.raises(NothingLeft):
        world.get(world.fails(), world.fails())


def test_after_five_failures_within_30_s_the_first_choice_is_left_alone(world: World) -> None:
    for _ in range(5):
        world.now += 6
        world.get(world.fails(), world.gives("second"))
    world.called.clear()
    outcome = world.get(world.gives("first"), world.gives("second"))
    assert world.called == ["second"]
    assert outcome.reasons == ("primary: left alone after failures",)


def test_five_failures_over_a_longer_time_leave_it_in_use(world: World) -> None:
    for _ in range(5):
        world.now += 8
        world.get(world.fails(), world.gives("second"))
    assert world.get(world.gives("first")).value == "first"


def opened(world: World) -> World:
    for _ in range(5):
        world.get(world.fails(), world.gives("second"))
    world.called.clear()
    return world


def test_then_one_probe_decides(world: World) -> None:
    opened(world).now += 10
    assert world.get(world.gives("first"), world.gives("second")) == Outcome("first")
    assert world.get(world.gives("first"), world.gives("second")) == Outcome("first")


def test_a_probe_that_fails_leaves_it_alone_for_longer(world: World) -> None:
    opened(world).now += 10
    world.get(world.fails(), world.gives("second"))
    world.now += 19
    assert world.get(world.gives("first"), world.gives("second")).degraded
    world.now += 1
    assert not world.get(world.gives("first"), world.gives("second")).degraded


def test_of_many_at_once_only_one_probes(world: World) -> None:
    opened(world).now += 10

    async def all_at_once() -> list[Outcome[str]]:
        release = asyncio.Event()

        async def slow() -> str:
            await release.wait()
            return "first"

        asked = [
            asyncio.create_task(world.fallbacks.safe(slow, world.gives("second"), name="book"))
            for _ in range(10)
        ]
        await soon(lambda: len(world.called) >= 9, every=0)
        release.set()
        return await asyncio.gather(*asked)

    outcomes = asyncio.run(all_at_once())
    assert sorted(one.value for one in outcomes) == ["first", *["second"] * 9]


def test_names_do_not_share_what_is_known(world: World) -> None:
    opened(world)
    assert not world.get(world.gives("first"), name="other").degraded


def test_who_gives_up_a_probe_leaves_the_next_one_free(world: World) -> None:
    opened(world).now += 10

    async def given_up() -> None:
        begun = asyncio.Event()

        async def endless() -> str:
            begun.set()
            await asyncio.Event().wait()
            return "never"

        task = asyncio.create_task(world.fallbacks.safe(endless, world.gives("second"), name="book"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(given_up())
    assert world.called == [], "who is cancelled does not go on to the second choice"
    assert world.get(world.gives("first")) == Outcome("first")


def test_cancelled_calls_are_no_failures(world: World) -> None:
    async def given_up() -> None:
        for _ in range(10):
            task = asyncio.create_task(world.fallbacks.safe(asyncio.Event().wait, name="book"))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(given_up())
    assert not world.get(world.gives("first")).degraded


def test_what_takes_too_long_has_failed(world: World) -> None:
    async def late() -> Outcome[object]:
        return await world.fallbacks.safe(
            asyncio.Event().wait, world.gives("second"), name="late", within_s=0.001
        )

    outcome = asyncio.run(late())
    assert (outcome.value, outcome.reasons) == ("second", ("primary: TimeoutError",))


def test_a_reason_is_one_short_line(world: World) -> None:
    outcome = world.get(world.fails("line\nline " + "x" * 900), world.gives("second"))
    assert outcome.reasons[0].startswith("primary: line line xxx")
    assert len(outcome.reasons[0]) < 220


def test_names_without_end_do_not_fill_the_memory(world: World) -> None:
    for number in range(MOST_NAMES + 50):
        world.get(world.gives("x"), name=str(number))
    assert len(world.fallbacks._names) == MOST_NAMES


def test_how_often_it_was_degraded_is_measured(world: World, tmp_path: Path) -> None:
    async def several() -> None:
        for call in (world.gives("a"), world.fails(), world.gives("a"), world.fails()):
            await world.fallbacks.safe(call, world.gives("b"), name="book", tape=tape)

    with measuring(tmp_path) as tape:
        asyncio.run(several())
        (found,) = measurements(tape)
    assert (found.kind, found.name, found.figure) == ("fallback", "book", "degraded")
    assert (found.count, found.sum) == (4, 2)


def test_there_is_one_for_everybody(world: World) -> None:
    assert asyncio.run(safe(world.gives("first"), name="test_fallback")).value == "first"
