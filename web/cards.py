"""What takes Postgres long, for pages: computed beside the event loop, once for all who ask, and kept for moments.

How long it is kept grows with how long it took: however much is stored and whoever asks, Postgres works on it for a
small part of the time only.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from web.http.problems import Problem
from web.threads import Threads

#: So old, in seconds, it is shown as the present one; and so many times as long as it took.
_FRESH_S, _FRESH_TIMES = 3.0, 10.0
#: Known answers at most, and computations at once: each holds a session of Postgres.
_MOST_KNOWN, _AT_ONCE = 30, 2
#: Questions that wait or are computed at most; of these, those of one who asks.
_MOST_ASKED, _MOST_OF_ONE = 20, 6
_LATER = {"Retry-After": "5"}
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


class Asker(NamedTuple):
    """Who waits: under which name they are counted, and whether they have gone."""

    counted_as: str
    is_gone: Callable[[], bool]


_OURSELVES = Asker("", lambda: False)


class Cards(Generic[Question, T]):
    """Computes with `compute`, a function that blocks.

    Nobody waits without end: beyond some questions who asks is told to come back (Problem, 503). What only those asked
    for who have gone is not begun.
    """

    def __init__(self, compute: Callable[[Question], T]) -> None:
        self._compute = compute
        self._threads = Threads("cards", _AT_ONCE)
        self._askers: defaultdict[Question, list[Asker]] = defaultdict(list)
        self._known: dict[Question, Known[T]] = {}
        self._running: dict[Question, asyncio.Task[Known[T]]] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def fresh(self, question: Question, asker: Asker) -> T:
        """The answer as it is now. Raises OperationError, Problem."""
        known = self._known.get(question)
        if known is None or not known.is_fresh:
            if question not in self._running:
                self._refuse_many(asker)
            known = await asyncio.shield(self._begin(question, asker))
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
        return self._begin(question, _OURSELVES)

    def _begin(self, question: Question, asker: Asker) -> asyncio.Task[Known[T]]:
        self._askers[question].append(asker)
        if question not in self._running:
            task = self._running[question] = asyncio.create_task(self._run(question))
            task.add_done_callback(lambda done: self._ended(question, done))
        return self._running[question]

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._threads.close()

    def _refuse_many(self, asker: Asker) -> None:
        of_one = sum(asker.counted_as in {one.counted_as for one in each} for each in self._askers.values())
        if len(self._running) >= _MOST_ASKED or of_one >= _MOST_OF_ONE:
            raise Problem(503, "Many ask for this at the moment. Try again soon.", headers=_LATER)

    def _ended(self, question: Question, task: asyncio.Task[Known[T]]) -> None:
        del self._running[question]
        self._askers.pop(question, None)
        if task.cancelled() or task.exception() is not None:
            return
        self._known.pop(question, None)
        self._known[question] = task.result()
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    async def _run(self, question: Question) -> Known[T]:
        async with self._few:
            askers = self._askers.get(question)
            if askers and all(one.is_gone() for one in askers):
                raise Problem(503, "Nobody waited for this any more. Ask again.", headers=_LATER)
            at = time.monotonic()
            found = await self._threads.run(self._compute, question)
            return Known(found, at, time.monotonic() - at)
