"""How late a provider's news is: the 95th percentile of the last seconds. Pure."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

#: Above this a provider counts as sick.
SICK_US = 700_000
#: Of the news of so long …
_HORIZON_US = 10_000_000
#: … at least so many say something, and of more than so many the oldest are forgotten.
ENOUGH, _MOST = 20, 2_000


class _Known(NamedTuple):
    p95_us: int
    quick_us: int


class Latency:
    """From the provider's stamp to here, or of questions from asking to the answer."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=_MOST)
        self._known: tuple[int, _Known | None] = (-1, None)

    def add(self, at_us: int, took_us: int) -> None:
        """One piece of news came at a moment, so late."""
        self._seen.append((at_us, took_us))

    def p95_us(self, now_us: int) -> int | None:
        """None as long as too little is known. Looked at anew four times a second."""
        known = self._counted(now_us)
        return known.p95_us if known is not None else None

    def is_sick(self, now_us: int) -> bool:
        """Whether it is too late to be of use beside others."""
        p95_us = self.p95_us(now_us)
        return p95_us is not None and p95_us > SICK_US

    def quick_us(self, now_us: int) -> int | None:
        """A tenth of them is quicker: below 0 the provider's clock is ahead. One odd stamp says nothing."""
        known = self._counted(now_us)
        return known.quick_us if known is not None else None

    def _counted(self, now_us: int) -> _Known | None:
        turn = now_us // 250_000
        if self._known[0] != turn:
            self._known = (turn, self._count(now_us))
        return self._known[1]

    def _count(self, now_us: int) -> _Known | None:
        while self._seen and self._seen[0][0] < now_us - _HORIZON_US:
            self._seen.popleft()
        if len(self._seen) < ENOUGH:
            return None
        took = sorted(took for _, took in self._seen)
        return _Known(took[(len(took) * 95 + 99) // 100 - 1], took[len(took) // 10])
