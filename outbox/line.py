"""The sender's line to Postgres: what is asked on it is done one after another, and to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

#: At the end, what is under way is waited for so long.
_END_WITHIN_S = 5.0


class Line:
    """Does calls in the order in which they are asked for, never two at once: they share a connection.

    Use as an async context manager. A call whose asker was cancelled is done to its end all the same, for what it
    writes may be all that is known of a message. One that hangs is left to its fate when the line ends.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._under_way: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_END_WITHIN_S)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    async def do(self, call: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
        """The result of `await call(*arguments)`. Raises what it raises."""
        doing = asyncio.ensure_future(self._in_turn(call(*arguments)))
        self._under_way.add(doing)
        doing.add_done_callback(self._done)
        return await asyncio.shield(doing)

    async def _in_turn(self, call: Awaitable[T]) -> T:
        async with self._turn:
            return await call

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # its asker may have been cancelled: then nobody else looks at it
