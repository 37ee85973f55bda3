"""How often one may ask: counted by key or address in Redis, and in memory while Redis is away."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter, RateLimiter

from signaltape.http.problems import QUOTA_EXCEEDED
from signaltape.http.standing import Standing as Said
from signaltape.http.standing import rate_headers
from web.http.access import REFUSAL, WHO
from web.http.problems import Problem

log = logging.getLogger("web")

#: While Redis does not answer, it is not asked again for so long.
_LEAVE_ALONE_S = 5.0
#: No answer waits longer to be counted there.
SHARED_WITHIN_S = 0.5
WINDOW_S = 60


class Policy(NamedTuple):
    """How many requests a minute, under a name."""

    name: str
    quota: int

    @property
    def item(self) -> RateLimitItem:
        """As the library counts it."""
        return RateLimitItemPerMinute(self.quota)


DEFAULT = Policy("default", 600)
LOGIN = Policy("login", 10)
BUILDING = Policy("building", 6)
_PATHS = {
    ("POST", "/login"): LOGIN,
    ("POST", "/api/replay/sessions"): BUILDING,
    ("POST", "/replay/build"): BUILDING,
}
#: Of these it does not matter how often they are asked.
UNCOUNTED = ("/static/", "/healthz", "/readyz")


class Standing(NamedTuple):
    """Where one stands within a policy: may it pass, how many are left, seconds until they are whole again."""

    policy: Policy
    passes: bool
    left: int
    reset_s: int


STANDING = web.RequestKey("standing", Standing)


class Limiter:
    """Counts in `shared` (Redis), or in memory where there is none or it is away."""

    def __init__(self, shared: Storage | None) -> None:
        self._shared: RateLimiter | None = FixedWindowRateLimiter(shared) if shared else None
        self._own: RateLimiter = FixedWindowRateLimiter(MemoryStorage())
        self._away_until = -math.inf

    async def count(self, policy: Policy, who: str) -> Standing:
        """Count one request of somebody."""
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                return await asyncio.wait_for(_count(self._shared, policy, who), SHARED_WITHIN_S)
            except Exception as error:  # noqa: BLE001 - whatever a storage raises, requests are still counted
                self._away_until = time.monotonic() + _LEAVE_ALONE_S
                log.warning("requests are counted in memory, Redis does not answer: %s", type(error).__name__)
        return await _count(self._own, policy, who)


async def _count(limiter: RateLimiter, policy: Policy, who: str) -> Standing:
    passes = await limiter.hit(policy.item, policy.name, who)
    reset, left = await limiter.get_window_stats(policy.item, policy.name, who)
    return Standing(policy, passes, left, max(0, math.ceil(reset - time.time())))


def headers_of(standing: Standing) -> dict[str, str]:
    """As engines say it, too."""
    policy, passes, left, reset_s = standing
    return rate_headers(Said(policy.name, policy.quota, WINDOW_S, passes, left, reset_s))


def counted_as(request: web.Request) -> str:
    """The key or the address that a request counts for."""
    who = request.get(WHO)
    return who.counted_as if who else f"address:{request.remote}"


def limited(limiter: Limiter) -> Middleware:
    """The layer that counts, and answers 429 beyond the quota."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(UNCOUNTED):
            return await handler(request)
        policy = _PATHS.get((request.method, request.path), DEFAULT)
        standing = await limiter.count(policy, counted_as(request))
        request[STANDING] = standing
        if not standing.passes:
            raise Problem(
                429,
                f"More than {policy.quota} requests a minute. Try again in {standing.reset_s} s.",
                type_=QUOTA_EXCEEDED,
                headers={"Retry-After": str(max(1, standing.reset_s))},
            )
        if REFUSAL in request:
            raise request[REFUSAL]
        return await handler(request)

    return check
