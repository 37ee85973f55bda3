"""What a server said last is shown where it does not answer in time, and it is asked once at a time."""

from __future__ import annotations

import asyncio

from tests.unit.test_together import in_a_loop
from web.last_known import LastKnown


class Server:
    """Answers with how often it was asked, when it may."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def ask(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return self.asked


@in_a_loop
async def test_an_answer_in_time_is_of_now() -> None:
    server = Server()
    server.may_answer.set()
    known = LastKnown(server.ask)
    assert [await known.within(30) for _ in range(2)] == [(1, 0.0, None), (2, 0.0, None)]


@in_a_loop
async def test_one_that_hangs_is_asked_once_and_its_last_answer_stays_known() -> None:
    server = Server()
    known = LastKnown(server.ask)
    nothing = await known.within(0)
    assert (nothing.found, type(nothing.error)) == (None, TimeoutError)
    server.may_answer.set()
    assert (await known.within(30)).found == 1
    server.may_answer.clear()
    later = [await known.within(0) for _ in range(5)]
    assert {(one.found, type(one.error)) for one in later} == {(1, TimeoutError)}
    assert all(one.age_s > 0 for one in later)
    assert server.asked == 2
    server.may_answer.set()
    assert await known.within(30) == (2, 0.0, None)


@in_a_loop
async def test_an_error_is_told_beside_what_was_known() -> None:
    server = Server()
    server.may_answer.set()
    known = LastKnown(server.ask)
    await known.within(30)
    server.error = ConnectionError("away")
    said = await known.within(30)
    assert (said.found, said.error) == (1, server.error)


@in_a_loop
async def test_at_its_end_what_is_under_way_is_given_up() -> None:
    server = Server()
    known = LastKnown(server.ask)
    await known.within(0)
    await known.close()
    await known.close()
    assert server.asked == 1
