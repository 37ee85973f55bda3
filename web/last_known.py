"""What a server said last: shown, with its age, where it does not answer in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Said(NamedTuple, Generic[T]):
    """An answer (None: there never was one) and its age in seconds; error: why it is not of now, None if it is."""

    found: T | None
    age_s: float = 0.0
    error: Exception | None = None


class LastKnown(Generic[T]):
    """Asks with `ask`. One question is under way at a time, however many wait and however long it hangs."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._running: asyncio.Task[T] | None = None
        self._last: tuple[float, T] | None = None

    async def within(self, seconds: float) -> Said[T]:
        """The answer, if it comes in time; else the last one, and why: TimeoutError, or what `ask` raised."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
            self._running.add_done_callback(_noted)
        running = self._running
        await asyncio.wait([running], timeout=seconds)
        if not running.done():
            return self._known(TimeoutError())
        error = running.exception()
        if error is None:
            return Said(running.result())
        if not isinstance(error, Exception):
            raise error
        return self._known(error)

    async def close(self) -> None:
        """Give up a question that is under way."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> T:
        found = await self._ask()
        self._last = time.monotonic(), found
        return found

    def _known(self, error: Exception) -> Said[T]:
        if self._last is None:
            return Said(None, error=error)
        at, found = self._last
        return Said(found, time.monotonic() - at, error)


def _noted(task: asyncio.Task[T]) -> None:
    """Nobody may have waited for it to the end."""
    if not task.cancelled():
        task.exception()
