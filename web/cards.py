"""What takes Postgres long, for pages: computed beside the event loop, once for all who ask, and kept for moments.

How long it is kept grows with how long it took: however much is stored and whoever asks, Postgres works on it for a
small part of the time only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

#: So old, in seconds, it is shown as the present one; and so many times as long as it took.
_FRESH_S, _FRESH_TIMES = 3.0, 10.0
#: Known answers at most, and computations at once: each holds a session of Postgres.
_MOST_KNOWN, _AT_ONCE = 30, 2
Question = TypeVar("Question", bound=Hashable)
T = TypeVar("T")


class Known(NamedTuple, Generic[T]):
    """An answer, when its computation began (monotonic seconds), and how long that took."""

    found: T
    at: float
    took_s: float

    @property
    def age_s(self) -> float:
        """Its age."""
        return time.monotonic() - self.at

    @property
    def is_fresh(self) -> bool:
        """Whether it still is the present one."""
        return self.age_s <= max(_FRESH_S, _FRESH_TIMES * self.took_s)


class Cards(Generic[Question, T]):
    """Computes with `compute`, a function that blocks."""

    def __init__(self, compute: Callable[[Question], T]) -> None:
        self._compute = compute
        self._known: dict[Question, Known[T]] = {}
        self._running: dict[Question, asyncio.Task[Known[T]]] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def fresh(self, question: Question) -> T:
        """The answer as it is now. Raises OperationError."""
        known = self._known.get(question)
        if known is None or not known.is_fresh:
            known = await asyncio.shield(self.begin(question))
        return known.found

    async def recent(self, question: Question) -> Known[T]:
        """The answer as it was when last computed; a newer one is begun beside. Raises OperationError."""
        known = self._known.get(question)
        if known is None:
            return await asyncio.shield(self.begin(question))
        if not known.is_fresh:
            self.begin(question)
        return known

    def begin(self, question: Question) -> asyncio.Task[Known[T]]:
        """Compute it beside, unless that is under way."""
        if question not in self._running:
            task = self._running[question] = asyncio.create_task(self._run(question))
            task.add_done_callback(lambda done: self._ended(question, done))
        return self._running[question]

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _ended(self, question: Question, task: asyncio.Task[Known[T]]) -> None:
        del self._running[question]
        if task.cancelled() or task.exception() is not None:
            return
        self._known.pop(question, None)
        self._known[question] = task.result()
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    async def _run(self, question: Question) -> Known[T]:
        async with self._few:
            at = time.monotonic()
            found = await asyncio.to_thread(self._compute, question)
            return Known(found, at, time.monotonic() - at)
