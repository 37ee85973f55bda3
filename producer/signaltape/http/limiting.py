"""Requests counted by the library `limits`: in the memory of this process, or where several share one count."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from signaltape.errors import SettingsError
from signaltape.http.hooks import Limit
from signaltape.http.standing import Standing
from signaltape.notices import Notices
from signaltape.secrecy import scrub
from signaltape.settings import Secret
from signaltape.showing import describe, show

#: While a shared storage does not answer, it is not asked again for so long.
_LEAVE_ALONE_S = 5.0
#: So long an answer waits for it: longer than any count takes, shorter than callers wait.
_ANSWER_S = 1.0


class Limiter:
    """Counts the requests of each client in a moving window: however they are spread, no more pass in any window.

    A shared storage that fails is left alone for 5 s, and requests are counted in memory meanwhile.
    Raises SettingsError if the limit's rate or storage cannot be used.
    """

    def __init__(self, limit: Limit, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._name, self._item, self._monotonic = limit.name, _item(limit.rate), monotonic
        self._own: RateLimiter = MovingWindowRateLimiter(MemoryStorage())
        self._shared = None if limit.storage is None else _shared(limit.storage)
        self._away_until = -math.inf
        self._notices = Notices()

    @property
    def waits(self) -> bool:
        """Whether counting may wait for a server: then an event loop leaves it to a thread."""
        return self._shared is not None

    def count(self, who: str) -> Standing:
        """Count one request of somebody."""
        if self._shared is not None and self._monotonic() >= self._away_until:
            try:
                return self._count(self._shared, who)
            except Exception as error:  # noqa: BLE001 - whatever a storage raises, requests are still counted
                self._away_until = self._monotonic() + _LEAVE_ALONE_S
                self._notices.say("limit", f"requests are counted in memory: {scrub(describe(error))}")
        return self._count(self._own, who)

    def _count(self, limiter: RateLimiter, who: str) -> Standing:
        passes = limiter.hit(self._item, self._name, who)
        reset, left = limiter.get_window_stats(self._item, self._name, who)
        reset_s = max(0, math.ceil(reset - time.time()))
        left = left if passes else 0  # the window may have moved on since: who was refused had nothing left
        return Standing(self._name, self._item.amount, self._item.get_expiry(), passes, left, reset_s)


def _item(rate: str) -> RateLimitItem:
    try:
        return parse(rate)
    except ValueError as error:
        raise SettingsError(f"limit.rate: {show(rate)} is no rate such as 100/second") from error


def _bounds(address: str) -> dict[str, float]:
    """How long a server may take: older clients of Redis wait without end. The address may say another time."""
    redis = urlsplit(address).scheme.startswith(("redis", "valkey"))
    return {"socket_timeout": _ANSWER_S, "socket_connect_timeout": _ANSWER_S} if redis else {}


def _shared(storage: Secret) -> RateLimiter:
    try:
        address = storage.reveal()
        return MovingWindowRateLimiter(storage_from_string(address, **_bounds(address)))
    except Exception as error:  # noqa: BLE001 - of whatever kind its library is; it may repeat the address whole
        raise SettingsError(f"limit.storage cannot be used: {scrub(describe(error))}") from None
