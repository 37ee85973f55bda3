"""A clock of microseconds since 1970 that is never set back: what was told stays told."""

from __future__ import annotations

from collections.abc import Callable

#: While the wall clock is behind, time goes at half its speed until they meet.
_SLOWLY = 2

Clock = Callable[[], int]


class SteadyClock:
    """The wall clock where that goes forward; where it was set back, slowly on. Both are asked in microseconds."""

    def __init__(self, wall_us: Clock, monotonic_us: Clock) -> None:
        self._wall_us, self._monotonic_us = wall_us, monotonic_us
        self._now_us, self._at_us = wall_us(), monotonic_us()

    def __call__(self) -> int:
        """The time now."""
        at_us = self._monotonic_us()
        passed_us = max(0, at_us - self._at_us)
        self._at_us = at_us
        self._now_us = max(self._wall_us(), self._now_us + passed_us // _SLOWLY)
        return self._now_us
