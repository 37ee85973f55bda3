"""Whether a provider has fallen silent about one symbol, though its connection stands. Pure.

Streams freeze without an error; a quiet market is silent too. What tells them apart is another provider: while that one
has news of the symbol, little patience is enough, measured by how often this one usually speaks.
"""

from __future__ import annotations

from market.units import SECOND_US

#: Silent for so many of its usual pauses …
_PAUSES = 6
#: … but at least, and at most, so long while another provider speaks.
LEAST_US, MOST_US = 2 * SECOND_US, 10 * SECOND_US
#: So long where there is no other: then it may be the market.
ALONE_US = 30 * SECOND_US
#: Weight of the newest pause in the usual one.
_WEIGHT = 0.1


class Watchdog:
    """Of one provider and symbol. Times are microseconds, of whoever counts.

    heard_us: when it spoke last; None: not yet on this connection.
    """

    def __init__(self) -> None:
        self.heard_us: int | None = None
        self._usual_us = 0.0
        #: since when another speaks, and this one does not
        self._beside_us: int | None = None

    def heard(self, now_us: int) -> None:
        """There is news."""
        if self.heard_us is not None:
            pause_us = min(now_us - self.heard_us, MOST_US)
            self._usual_us += _WEIGHT * (pause_us - self._usual_us)
        self.heard_us, self._beside_us = now_us, None

    def forget(self) -> None:
        """The connection is another one."""
        self.heard_us = self._beside_us = None

    def rest(self) -> None:
        """There is no connection: nothing is expected."""
        self._beside_us = None

    def patience_us(self) -> float:
        """How long it may be silent while another speaks."""
        return min(max(_PAUSES * self._usual_us, LEAST_US), MOST_US)

    def is_silent(self, now_us: int, others_us: int | None) -> bool:
        """Whether it should have been heard by now.

        others_us: when another provider that is connected spoke of the symbol last; None if there is none.
        """
        if self._beside_us is None and others_us is not None and others_us > (self.heard_us or 0):
            self._beside_us = others_us
        if self.heard_us is None:
            return True
        if others_us is None:
            return now_us - self.heard_us >= ALONE_US
        if self._beside_us is None or others_us < self._beside_us + LEAST_US // 2:
            return False  # the market is quiet for all, or another was the first to speak again
        return now_us - self._beside_us >= self.patience_us()

    def silent_for_us(self, now_us: int) -> int:
        """For how long another has been speaking, and this one not."""
        return now_us - self._beside_us if self._beside_us is not None else 0
