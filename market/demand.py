"""Which symbols are followed: those in settings, those of valid signals and of open ghosts, for an hour after. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from market.exchanges.errors import UnknownSymbol
from market.exchanges.naming import pair_of

_SECOND_US = 1_000_000
#: A symbol is followed for so long after its last use.
KEEP_US = 3_600 * _SECOND_US
#: Whoever writes to the stream may name symbols; more than so many at once are followed for nobody.
MOST = 200
#: No signal is believed to be valid for longer, and no order to be open.
_LONGEST_US = 30 * 24 * 3_600 * _SECOND_US
_MOST_ORDERS = 10_000


class Kept(Struct, frozen=True):
    """What a new process has to know: until when each symbol is used, and what is open, by order or line.

    heard_us: up to where the stream was heard for that.
    """

    until_us: Mapping[str, int] = {}
    open: Mapping[str, str] = {}
    heard_us: int | None = None


class Demand:
    """Symbols as they were spelled by whoever asked for them; each spelling counts by itself."""

    def __init__(self, always: Iterable[str] = (), keep_us: int = KEEP_US) -> None:
        self.always = tuple(dict.fromkeys(always))
        self._keep_us = keep_us
        self._until_us: dict[str, int] = {}
        self._open: dict[str, str] = {}
        #: what cannot be followed, and why
        self.refused: dict[str, str] = {}

    def use(self, symbol: str, until_us: int, now_us: int) -> None:
        """Somebody needs it until then."""
        until_us = min(until_us, now_us + _LONGEST_US)
        if until_us + self._keep_us > now_us and self._may(symbol):
            self._until_us[symbol] = max(until_us, self._until_us.get(symbol, 0))

    def begin(self, what: str, symbol: str, now_us: int) -> None:
        """An order or a line is open, under this name."""
        self.use(symbol, now_us, now_us)
        if symbol in self._until_us and len(self._open) < _MOST_ORDERS:
            self._open[what] = symbol

    def end(self, what: str, now_us: int) -> None:
        """It is over."""
        symbol = self._open.pop(what, None)
        if symbol is not None:
            self.use(symbol, now_us, now_us)

    def wanted(self, now_us: int) -> list[str]:
        """Every spelling that is followed now."""
        used = self._until_us.items()
        self._until_us = {
            symbol: us for symbol, us in used if us + self._keep_us > now_us or self._is_open(symbol)
        }
        return [*self.always, *(symbol for symbol in self._until_us if symbol not in self.always)]

    def until_us(self, symbol: str) -> int | None:
        """When it is dropped; None for one that stays."""
        if symbol in self.always or self._is_open(symbol):
            return None
        return self._until_us.get(symbol, 0) + self._keep_us

    def kept(self, heard_us: int | None = None) -> Kept:
        """For the next process. heard_us: up to where the stream was heard."""
        return Kept(dict(self._until_us), dict(self._open), heard_us)

    def take_up(self, kept: Kept, now_us: int) -> None:
        """What the last process knew."""
        for symbol, us in kept.until_us.items():
            if symbol in kept.open.values() and self._may(symbol):
                self._until_us.setdefault(symbol, min(us, now_us))
            self.use(symbol, us, now_us)
        for what, symbol in kept.open.items():
            if symbol in self._until_us and len(self._open) < _MOST_ORDERS:
                self._open.setdefault(what, symbol)

    def _is_open(self, symbol: str) -> bool:
        return symbol in self._open.values()

    def _may(self, symbol: str) -> bool:
        if symbol in self._until_us or symbol in self.always:
            return True
        why = next(_refusals(symbol, len(self._until_us)), None)
        if why is None:
            self.refused.pop(symbol, None)
        elif len(self.refused) < MOST:
            self.refused[symbol] = why
        return why is None


def _refusals(symbol: str, followed: int) -> Iterator[str]:
    try:
        pair_of(symbol)
    except UnknownSymbol as error:
        yield str(error)
    if followed >= MOST:
        yield f"{MOST} symbols are followed already"
