"""Questions that are asked together: one is under way, and the next one asks for all that came meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import pytest

from tests.support.waiting import soon
from web.http.together import Together


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


class Server:
    """Answers when it may; knows the names that begin with `k`."""

    def __init__(self) -> None:
        self.questions: list[list[str]] = []
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def ask(self, names: Sequence[str]) -> dict[str, str]:
        self.questions.append(list(names))
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return {name: name.upper() for name in names if name.startswith("k")}


async def begun(server: Server, together: Together[str], *names: str) -> list[asyncio.Task[str | None]]:
    """The names are asked for, the first of them alone."""
    first = asyncio.create_task(together.find(names[0]))
    await soon(lambda: server.questions, every=0)
    others = [asyncio.create_task(together.find(name)) for name in names[1:]]
    await asyncio.sleep(0)
    return [first, *others]


@in_a_loop
async def test_all_that_come_meanwhile_are_one_question() -> None:
    server = Server()
    together = Together(server.ask)
    asked = await begun(server, together, "made", "up", "key", "up", "made")
    assert server.questions == [["made"]]
    server.may_answer.set()
    assert await asyncio.gather(*asked) == [None, None, "KEY", None, None]
    assert server.questions == [["made"], ["up", "key", "made"]]
    assert await together.find("kept") == "KEPT"


@in_a_loop
async def test_an_error_is_told_to_all_who_asked_and_the_next_question_is_asked() -> None:
    server = Server()
    server.error = ConnectionError("away")
    together = Together(server.ask)
    asked = await begun(server, together, "key", "other")
    server.may_answer.set()
    assert [type(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [
        ConnectionError
    ] * 2
    server.error = None
    assert await together.find("key") == "KEY"


@in_a_loop
async def test_who_goes_away_takes_the_answer_from_nobody() -> None:
    server = Server()
    together = Together(server.ask)
    gone, stays = await begun(server, together, "key", "key2")
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    server.may_answer.set()
    assert await stays == "KEY2"


@in_a_loop
async def test_after_its_end_nobody_is_asked() -> None:
    server = Server()
    together = Together(server.ask)
    asked = await begun(server, together, "key")
    await together.close()
    server.may_answer.set()
    assert [type(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [
        asyncio.CancelledError
    ]
    assert server.questions == [["key"]]
