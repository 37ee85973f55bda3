"""Scorecards for pages: computed beside the event loop, once for all who ask at the same time, and kept for moments."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from reports.operations.shown import Computed, Week

#: So old a scorecard is shown as the present one.
_FRESH_S = 3.0
#: Known weeks at most, and computations at once: each holds a session of Postgres.
_MOST_KNOWN, _AT_ONCE = 30, 2


class Known(NamedTuple):
    """A scorecard, and when it was computed (monotonic seconds)."""

    found: Computed
    at: float

    @property
    def age_s(self) -> float:
        """Its age."""
        return time.monotonic() - self.at


class Cards:
    """Computes with `compute`, a function that blocks."""

    def __init__(self, compute: Callable[[Week], Computed]) -> None:
        self._compute = compute
        self._known: dict[Week, Known] = {}
        self._running: dict[Week, asyncio.Task[Known]] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def fresh(self, week: Week) -> Computed:
        """The week's scorecard as it is now. Raises OperationError."""
        known = self._known.get(week)
        if known is None or known.age_s > _FRESH_S:
            known = await asyncio.shield(self._start(week))
        return known.found

    async def recent(self, week: Week) -> Known:
        """The week's scorecard as it was when last computed; a newer one is begun beside. Raises OperationError."""
        known = self._known.get(week)
        if known is None:
            return await asyncio.shield(self._start(week))
        if known.age_s > _FRESH_S:
            self._start(week)
        return known

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _start(self, week: Week) -> asyncio.Task[Known]:
        if week not in self._running:
            task = self._running[week] = asyncio.create_task(self._run(week))
            task.add_done_callback(lambda done: self._ended(week, done))
        return self._running[week]

    def _ended(self, week: Week, task: asyncio.Task[Known]) -> None:
        del self._running[week]
        if task.cancelled() or task.exception() is not None:
            return
        self._known.pop(week, None)
        self._known[week] = task.result()
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    async def _run(self, week: Week) -> Known:
        async with self._few:
            at = time.monotonic()
            return Known(await asyncio.to_thread(self._compute, week), at)
