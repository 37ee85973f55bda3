"""Ticks and quotes of one provider become bars of one second by the provider's own clock. Pure.

A bar is made of one provider's trades only; a second without a trade has none. Once a second is closed its bar is
what it is: a trade of it that comes later is late, counted, and changes nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from market.exchanges.base import Quote, Tick
from market.units import SECOND_US

#: A quote that is older at the end of a bar says nothing of its book.
QUOTE_FOR_US = 5 * SECOND_US
#: A trade that is said to happen so much later than it came is of no use: its second may never be reached.
AHEAD_US = 10 * SECOND_US
#: So many trade ids are remembered: a provider that repeats itself does so within moments.
_REMEMBERED = 4096


class Bar(NamedTuple):
    """One second of trades at one provider. quote: the last one of the book by then, if it is fresh enough.

    exchange_us and received_us: of the last trade in it.
    """

    provider: str
    symbol: str
    begin_us: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote: Quote | None
    exchange_us: int
    received_us: int

    @property
    def end_us(self) -> int:
        """The moment from which on it is known."""
        return self.begin_us + SECOND_US


class Counts:
    """What was not made into bars, by reason."""

    __slots__ = ("ahead", "late", "twice")

    def __init__(self) -> None:
        self.late = self.twice = self.ahead = 0


class BarMaker:
    """Of one provider and one symbol. Times come from the ticks; nobody's clock is read."""

    def __init__(self, provider: str, symbol: str) -> None:
        self._provider, self._symbol = provider, symbol
        self._open: dict[int, _Second] = {}
        self._quotes: dict[int, Quote] = {}
        self._ids: dict[str, None] = {}
        self.closed_until_us = 0
        self.counts = Counts()
        self.last: Tick | None = None
        self.quote: Quote | None = None

    def take_tick(self, tick: Tick) -> bool:
        """Whether it goes into a bar."""
        if not self._is_usable(tick):
            return False
        begin = tick.exchange_us - tick.exchange_us % SECOND_US
        second = self._open.get(begin)
        if second is None:
            self._open[begin] = _Second(tick)
        else:
            second.add(tick)
        if self.last is None or tick.exchange_us >= self.last.exchange_us:
            self.last = tick
        return True

    def take_quote(self, quote: Quote) -> None:
        """The best prices, as they stand since its time; one that was overtaken on the way is passed over."""
        if self.quote is not None and quote.exchange_us < self.quote.exchange_us:
            return
        if quote.exchange_us - quote.received_us <= AHEAD_US:
            self.quote = self._quotes[quote.exchange_us // SECOND_US] = quote

    def close(self, until_us: int) -> list[Bar]:
        """The bars of all seconds that end by then, in order; what comes later for them is late."""
        until_us -= until_us % SECOND_US
        if until_us <= self.closed_until_us:
            return []
        self.closed_until_us = until_us
        due = sorted(begin for begin in self._open if begin < until_us)
        bars = [self._bar(begin, self._open.pop(begin)) for begin in due]
        self._forget_quotes(until_us // SECOND_US)
        return bars

    def _is_usable(self, tick: Tick) -> bool:
        if tick.exchange_us < self.closed_until_us:
            self.counts.late += 1
        elif tick.exchange_us - tick.received_us > AHEAD_US:
            self.counts.ahead += 1
        elif self._was_here(tick.trade_id):
            self.counts.twice += 1
        else:
            return True
        return False

    def _was_here(self, trade_id: str | None) -> bool:
        if trade_id is None:
            return False
        if trade_id in self._ids:
            return True
        self._ids[trade_id] = None
        if len(self._ids) > _REMEMBERED:
            del self._ids[next(iter(self._ids))]
        return False

    def _bar(self, begin_us: int, second: _Second) -> Bar:
        quote = self._quote_at(begin_us + SECOND_US)
        return Bar(
            self._provider, self._symbol, begin_us, *second.prices, second.volume, quote, *second.last_us
        )

    def _quote_at(self, end_us: int) -> Quote | None:
        """The last one before this moment."""
        seconds = [one for one in self._quotes if one * SECOND_US < end_us]
        quote = self._quotes[max(seconds)] if seconds else None
        return quote if quote is not None and end_us - quote.exchange_us <= QUOTE_FOR_US else None

    def _forget_quotes(self, second: int) -> None:
        """Those of closed seconds, but for the last: it may still stand."""
        old = sorted(one for one in self._quotes if one < second)
        for one in old[:-1]:
            del self._quotes[one]


class _Second:
    """What was traded within a second so far. Of trades of the same time, the order of coming is theirs."""

    __slots__ = ("first", "high", "last", "low", "volume")

    def __init__(self, tick: Tick) -> None:
        self.first = self.last = tick
        self.high = self.low = tick.price
        self.volume = tick.qty

    def add(self, tick: Tick) -> None:
        if tick.exchange_us < self.first.exchange_us:
            self.first = tick
        if tick.exchange_us >= self.last.exchange_us:
            self.last = tick
        self.high = max(self.high, tick.price)
        self.low = min(self.low, tick.price)
        self.volume += tick.qty

    @property
    def prices(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        return self.first.price, self.high, self.low, self.last.price

    @property
    def last_us(self) -> tuple[int, int]:
        return self.last.exchange_us, self.last.received_us
