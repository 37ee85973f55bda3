"""How many requests of one key or address may be under way: a burst of slow questions holds up nobody else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from signaltape.http.problems import QUOTA_EXCEEDED
from web.http.limits import UNCOUNTED, counted_as
from web.http.problems import Problem

#: Of one key or address: half of the sessions of Postgres that there are for pages.
MOST_OF_ONE = 8
#: So many more wait for their turn, so long.
MOST_WAITING, TURN_S = 24, 2.0
#: Who follows has a place elsewhere, for as long as it lasts.
_FOLLOWING = ("/api/events", "/api/replay/events")
_SAID = f"{MOST_OF_ONE} requests of yours are under way. Wait for one of them to be answered."


class UnderWay:
    """Requests that are being answered or wait for that, by who asks."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._turns: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def one(self, who: str) -> AsyncIterator[None]:
        """A request of theirs, once it is its turn. Raises Problem if they have too many."""
        if self._count[who] >= MOST_OF_ONE + MOST_WAITING:
            raise _too_many()
        self._count[who] += 1
        turns = self._turns.setdefault(who, asyncio.Semaphore(MOST_OF_ONE))
        try:
            await _turn(turns)
            try:
                yield
            finally:
                turns.release()
        finally:
            self._count[who] -= 1
            if not self._count[who]:
                del self._count[who], self._turns[who]


async def _turn(turns: asyncio.Semaphore) -> None:
    if not turns.locked():
        await turns.acquire()
        return
    try:
        await asyncio.wait_for(turns.acquire(), TURN_S)
    except TimeoutError:
        raise _too_many() from None


def _too_many() -> Problem:
    return Problem(429, _SAID, type_=QUOTA_EXCEEDED, headers={"Retry-After": "1"})


def few_at_once(under_way: UnderWay) -> Middleware:
    """The layer that lets wait, and answers 429, beyond the most that one may have under way."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(UNCOUNTED) or request.path in _FOLLOWING:
            return await handler(request)
        async with under_way.one(counted_as(request)):
            return await handler(request)

    return check
