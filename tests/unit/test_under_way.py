"""Requests of one key at once: some are answered, some wait for their turn, more are refused; others notice nothing."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.test_together import in_a_loop
from web.http.problems import Problem
from web.http.under_way import MOST_OF_ONE, MOST_WAITING, UnderWay


class Asked:
    """Requests that last until they may end."""

    def __init__(self, under_way: UnderWay) -> None:
        self.under_way = under_way
        self.answered: list[str] = []
        self.may_end = asyncio.Event()

    async def one(self, who: str) -> None:
        async with self.under_way.one(who):
            self.answered.append(who)
            await self.may_end.wait()

    async def many(self, who: str, count: int) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(self.one(who)) for _ in range(count)]
        await asyncio.sleep(0)
        return tasks


@in_a_loop
async def test_more_wait_for_their_turn_and_each_gets_it() -> None:
    asked = Asked(UnderWay())
    tasks = await asked.many("loud", MOST_OF_ONE + MOST_WAITING)
    assert asked.answered == ["loud"] * MOST_OF_ONE
    tasks += await asked.many("quiet", 1)
    assert asked.answered[-1] == "quiet"
    with pytest.raises(Problem) as refused:
        await asked.one("loud")
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "1")
    asked.may_end.set()
    await asyncio.gather(*tasks)
    assert asked.answered.count("loud") == MOST_OF_ONE + MOST_WAITING


@in_a_loop
async def test_whose_turn_does_not_come_is_refused_and_who_goes_away_takes_no_place() -> None:
    asked = Asked(UnderWay())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web.http.under_way.TURN_S", 0.0)
        tasks = await asked.many("loud", MOST_OF_ONE)
        with pytest.raises(Problem):
            await asked.one("loud")
    waits = (await asked.many("loud", 1))[0]
    waits.cancel()
    tasks[0].cancel()
    await asyncio.gather(waits, tasks[0], return_exceptions=True)
    tasks += await asked.many("loud", 1)
    assert asked.answered == ["loud"] * (MOST_OF_ONE + 1)
    asked.may_end.set()
    await asyncio.gather(*tasks[1:])
    assert await asyncio.gather(*await asked.many("loud", MOST_OF_ONE)) == [None] * MOST_OF_ONE
