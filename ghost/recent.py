"""The latest bars of each symbol: a plan that came behind bars which it should have seen gets them from here.

What is not here any more is looked up on the tape itself (see `past`): what a plan gets is the same either way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from ghost.model.bar import Bar

#: A minute of seconds: a plan is hardly ever later than its engine's shipper.
KEPT = 64
#: Of so many symbols: some 50 MB. Beyond them those that came first go first, and come again with their next bar.
SYMBOLS = 1_000
_NEVER = -1


def is_past(bar: Bar) -> bool:
    """Whether a plan that comes later is shown it. A bad one would do nothing, and may have a time that is none."""
    return bar.quality != "bad"


class Recent:
    """Bars by symbol. before: where the latest bar of each symbol began that was seen before this process."""

    def __init__(self, before: Mapping[str, int] | None = None) -> None:
        self.latest = dict(before or {})
        self._bars: dict[str, deque[Bar]] = {}
        #: the latest beginning of those that are not here
        self._gone = dict(before or {})

    def add(self, bar: Bar) -> None:
        """One more bar."""
        if not is_past(bar):
            return
        symbol = bar.symbol
        bars = self._bars.get(symbol)
        if bars is None:
            bars = self._bars[symbol] = deque()
            if len(self._bars) > SYMBOLS:
                self._forget(next(iter(self._bars)))
        elif len(bars) == KEPT:
            gone = bars.popleft().begin_us
            if gone > self._gone.get(symbol, _NEVER):
                self._gone[symbol] = gone
        bars.append(bar)
        if bar.begin_us > self.latest.get(symbol, _NEVER):
            self.latest[symbol] = bar.begin_us

    def _forget(self, symbol: str) -> None:
        del self._bars[symbol]
        self._gone[symbol] = self.latest[symbol]

    def since(self, symbol: str, from_us: int) -> list[Bar] | None:
        """All bars of a symbol that begin at or after a time, as they came; None if some of them may not be here."""
        if self._gone.get(symbol, _NEVER) >= from_us:
            return None
        return [bar for bar in self._bars.get(symbol, ()) if bar.begin_us >= from_us]
