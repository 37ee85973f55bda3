"""A circuit breaker: after so many failures in a row within a stretch of time something is left alone. Pure.

Closed: everything may be asked. Open: nothing. Half open: one question at a time may, and its answer decides.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

State = Literal["closed", "open", "half_open"]
CLOSED: Final[State] = "closed"
OPEN: Final[State] = "open"
HALF_OPEN: Final[State] = "half_open"
_SECOND_US = 1_000_000


class Breaker:
    """Of one thing that is asked, such as a provider. All times are microseconds of one clock that is never set back.

    failures: in a row, within within_us, until it opens. open_us: how long it stays so at first; each probe that fails
    doubles it, up to most_open_us.
    """

    def __init__(
        self,
        failures: int = 5,
        within_us: int = 30 * _SECOND_US,
        open_us: int = 10 * _SECOND_US,
        most_open_us: int = 300 * _SECOND_US,
    ) -> None:
        self._within_us, self._open_us, self._most_open_us = within_us, open_us, most_open_us
        self._failed: deque[int] = deque(maxlen=failures)
        self._first_open_us = open_us
        self._probed_us: int | None = None
        self.opened_us: int | None = None
        self.openings = 0

    def state(self, now_us: int) -> State:
        """What it is now."""
        if self.opened_us is None:
            return CLOSED
        return HALF_OPEN if now_us >= self.opened_us + self._open_us else OPEN

    def may(self, now_us: int) -> bool:
        """Whether something may be asked now; a half open one lets one question through, and waits for its end.

        A probe that nobody ended is forgotten after as long as it was open.
        """
        state = self.state(now_us)
        if state != HALF_OPEN:
            return state == CLOSED
        if self._probed_us is not None and now_us < self._probed_us + self._open_us:
            return False
        self._probed_us = now_us
        return True

    def wait_us(self, now_us: int) -> int:
        """How long until it may be worth asking again; 0 for now."""
        if self.opened_us is None:
            return 0
        return max(0, (self._probed_us or self.opened_us) + self._open_us - now_us)

    def succeeded(self) -> None:
        """An answer came: it is closed, whatever was before."""
        self._failed.clear()
        self.opened_us = self._probed_us = None
        self._open_us = self._first_open_us

    def failed(self, now_us: int) -> None:
        """A 5xx, a timeout, a connection that broke."""
        if self.opened_us is not None:
            self._failed_again(now_us)
            return
        self._failed.append(now_us)
        if len(self._failed) == self._failed.maxlen and now_us - self._failed[0] <= self._within_us:
            self._open(now_us)

    def undecided(self) -> None:
        """A question was given up, or its answer says nothing of how well the provider is."""
        self._probed_us = None

    def _failed_again(self, now_us: int) -> None:
        """While it is open only a probe's end counts: others were asked before."""
        if self._probed_us is not None:
            self._open_us = min(2 * self._open_us, self._most_open_us)
            self._open(now_us)

    def _open(self, now_us: int) -> None:
        self.opened_us, self._probed_us = now_us, None
        self._failed.clear()
        self.openings += 1
