"""How many requests of one key or address may be under way: a burst of slow questions holds up nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from web.http.limits import UNCOUNTED, counted_as
from web.http.problems import QUOTA_EXCEEDED, Problem

#: Of one key or address: half of the sessions of Postgres that there are for pages.
MOST_OF_ONE = 8
#: Who follows has a place elsewhere, for as long as it lasts.
_FOLLOWING = ("/api/events", "/api/replay/events")
_LATER = {"Retry-After": "1"}


class UnderWay:
    """Requests that are being answered, by who asks."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    @contextmanager
    def one(self, who: str) -> Iterator[None]:
        """A request of theirs. Raises Problem if they have too many already."""
        if self._count[who] >= MOST_OF_ONE:
            said = f"{MOST_OF_ONE} requests of yours are under way. Wait for one of them to be answered."
            raise Problem(429, said, type_=QUOTA_EXCEEDED, headers=_LATER)
        self._count[who] += 1
        try:
            yield
        finally:
            self._count[who] -= 1
            self._count += Counter()  # names without a request are forgotten


def few_at_once(under_way: UnderWay) -> Middleware:
    """The layer that answers 429 beyond the most that one may have under way."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(UNCOUNTED) or request.path in _FOLLOWING:
            return await handler(request)
        with under_way.one(counted_as(request)):
            return await handler(request)

    return check
