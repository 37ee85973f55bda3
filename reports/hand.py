"""A thread that does one call after another for an event loop: what waits for Postgres must not hold up the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

#: At the end, a call that is under way is waited for so long.
_END_WITHIN_S = 5.0


class Hand:
    """Does calls in the order in which they are asked for, never two at once: it may own a connection.

    Use as an async context manager. A call whose asker was cancelled is done to its end all the same, and the next one
    after it. The thread never holds up the end of the process, not even in a call that hangs.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)

    async def __aenter__(self) -> Hand:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls.put(None)
        await asyncio.to_thread(self._thread.join, _END_WITHIN_S)

    @property
    def idle(self) -> bool:
        """Whether it has ended, with all that it was asked for."""
        return not self._thread.is_alive()

    async def do(self, call: Callable[..., T], *arguments: Any) -> T:
        """The result of `call(*arguments)`. Raises what it raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._calls.put(partial(_do, loop, answer, partial(call, *arguments)))
        return await answer

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _do(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T], call: Callable[[], T]) -> None:
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - it belongs to the asker
        _tell(loop, answer, partial(answer.set_exception, error))
    else:
        _tell(loop, answer, partial(answer.set_result, result))


def _tell(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T], settle: Callable[[], None]) -> None:
    def once() -> None:
        if not answer.done():  # its asker may have been cancelled
            settle()

    with suppress(RuntimeError):  # the loop has ended: nobody asks any more
        loop.call_soon_threadsafe(once)
