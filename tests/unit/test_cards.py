"""What takes Postgres long: how many may ask for it, and what becomes of a question that nobody waits for any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from web.cards import Asker, Cards
from web.http.problems import Problem

ONE, OTHER = Asker("one", lambda: False), Asker("other", lambda: False)
GONE = Asker("gone", lambda: True)


def run(work: Callable[[Cards[int, int], threading.Event], Awaitable[None]]) -> list[int]:
    """Work with cards that are computed once the event is set; returns which were."""
    done: list[int] = []
    go_on = threading.Event()

    def compute(question: int) -> int:
        assert go_on.wait(10)
        done.append(question)
        return question

    async def all_of_it() -> None:
        cards = Cards(compute)
        try:
            await work(cards, go_on)
        finally:
            go_on.set()
            await cards.close()

    asyncio.run(all_of_it())
    return done


async def begun(cards: Cards[int, int], questions: range, asker: Asker) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(cards.fresh(one, asker)) for one in questions]
    await asyncio.sleep(0)
    return tasks


def test_one_who_asks_for_many_is_told_to_come_back_and_others_are_answered() -> None:
    async def work(cards: Cards[int, int], go_on: threading.Event) -> None:
        waiting = await begun(cards, range(6), ONE)
        with pytest.raises(Problem) as refused:
            await cards.fresh(6, ONE)
        assert (refused.value.status, "Retry-After" in refused.value.headers) == (503, True)
        waiting += await begun(cards, range(1), ONE)  # what is computed anyway costs nothing
        waiting += await begun(cards, range(7, 8), OTHER)
        go_on.set()
        assert await asyncio.gather(*waiting) == [0, 1, 2, 3, 4, 5, 0, 7]

    run(work)


def test_all_together_are_bounded_too() -> None:
    async def work(cards: Cards[int, int], go_on: threading.Event) -> None:
        waiting = []
        for number in range(20):
            waiting += await begun(cards, range(number, number + 1), Asker(str(number), lambda: False))
        with pytest.raises(Problem):
            await cards.fresh(20, OTHER)
        go_on.set()
        assert await asyncio.gather(*waiting) == list(range(20))

    run(work)


def test_what_only_those_wait_for_who_have_gone_is_not_computed() -> None:
    async def work(cards: Cards[int, int], go_on: threading.Event) -> None:
        waiting = await begun(cards, range(2), ONE)
        left = await begun(cards, range(2, 6), GONE)
        waiting += await begun(cards, range(3, 4), OTHER)
        cards.begin(4)
        go_on.set()
        assert await asyncio.gather(*waiting) == [0, 1, 3]
        answers = await asyncio.gather(*left, return_exceptions=True)
        assert [type(one) for one in answers] == [Problem, int, int, Problem]

    assert sorted(run(work)) == [0, 1, 3, 4]
