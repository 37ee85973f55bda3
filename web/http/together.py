"""Questions for one thing each, asked together: however many come at once, one is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

#: After a question to which there was no answer, the next one waits so long: made-up names come to few of them.
_PAUSE_S = 0.05
T = TypeVar("T")
Waiting = dict[str, "asyncio.Future[T | None]"]


class Together(Generic[T]):
    """Asks with `ask`, a function that takes names and returns what is found of them.

    Names that come while a question is under way are the next question, all of them.
    """

    def __init__(self, ask: Callable[[Sequence[str]], Awaitable[Mapping[str, T]]]) -> None:
        self._ask = ask
        self._waiting: Waiting[T] = {}
        self._running: asyncio.Task[None] | None = None

    async def find(self, name: str) -> T | None:
        """What is found of a name, by a question that begins after this call. Raises what `ask` raises."""
        if name not in self._waiting:
            self._waiting[name] = asyncio.get_running_loop().create_future()
        answer = self._waiting[name]
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(answer)

    async def close(self) -> None:
        """Give up what is under way."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            if not await self._answer(asked):
                await asyncio.sleep(_PAUSE_S)

    async def _answer(self, asked: Waiting[T]) -> bool:
        """Whether something was found of every name."""
        try:
            found = await self._ask(list(asked))
        except asyncio.CancelledError:
            for answer in asked.values():
                answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()  # who waited may have gone
            return False
        for name, answer in asked.items():
            answer.set_result(found.get(name))
        return all(name in found for name in asked)
