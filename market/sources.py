"""What one provider says of one symbol: its bars, its book, its candles, and when it spoke last. Pure."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import NamedTuple

from market.bars import Bar, BarMaker
from market.exchanges.base import CandleRow, Funding, Message, OpenInterest, Quote, Tick
from market.units import MINUTE_US, SECOND_US
from market.watchdog import Watchdog

#: Closed seconds are kept for so long, in case they are needed in place of another provider's.
KEEP_US = 60 * SECOND_US
#: Candles: two days of minutes, more than any gap that is filled.
_MOST_ROWS = 2_880
#: A price that is older is no price of now.
_FRESH_US = 5 * SECOND_US


class LineState(NamedTuple):
    """How a provider's connection stands. trouble: why nothing comes; slow: why it should not be used.

    delay_us: how long after its end a second is complete. skew_s: its clock ahead of ours.
    """

    trouble: str = ""
    slow: str = ""
    delay_us: int = 250_000
    skew_s: float | None = None


class Source:
    """Of one provider and symbol."""

    def __init__(self, provider: str, symbol: str) -> None:
        self.provider = provider
        self.maker = BarMaker(provider, symbol)
        self.watchdog = Watchdog()
        self.bars: deque[Bar] = deque()
        self.rows: dict[int, CandleRow] = {}
        self.funding: Funding | None = None
        self.open_interest: OpenInterest | None = None
        #: since when it speaks without a break; None: not (yet) on this connection
        self.spoke_from_us: int | None = None

    def begin(self) -> None:
        """The connection is a new one: what happened in between it did not see."""
        self.watchdog.forget()
        self.spoke_from_us = None

    def take(self, message: Message) -> None:
        """One message about the symbol."""
        if isinstance(message, Tick):
            self.maker.take_tick(message)
            self._heard(message.received_us)
        elif isinstance(message, Quote):
            self.maker.take_quote(message)
            self._heard(message.received_us)
        elif isinstance(message, CandleRow):
            self.take_row(message)
        elif isinstance(message, Funding):
            self.funding = message
        elif isinstance(message, OpenInterest):
            self.open_interest = message

    def take_row(self, row: CandleRow) -> None:
        """A candle that is final; the first one of a minute counts, and what is no minute is passed over."""
        if row.begin_us % MINUTE_US == 0 and row.end_us == row.begin_us + MINUTE_US:
            self.rows.setdefault(row.begin_us, row)
        while len(self.rows) > _MOST_ROWS:
            del self.rows[min(self.rows)]

    def close(self, until_us: int, now_us: int) -> None:
        """Seconds that end by then are complete; those of long ago are forgotten."""
        self.bars.extend(self.maker.close(until_us))
        while self.bars and self.bars[0].end_us < now_us - KEEP_US:
            self.bars.popleft()

    def bars_from(self, begin_us: int) -> list[Bar]:
        """Closed seconds that begin then or later."""
        if not self.bars or self.bars[-1].begin_us < begin_us:
            return []
        return [bar for bar in self.bars if bar.begin_us >= begin_us]

    def _heard(self, received_us: int) -> None:
        self.watchdog.heard(received_us)
        if self.spoke_from_us is None:
            self.spoke_from_us = received_us

    @property
    def news_us(self) -> int:
        """Until when by its own clock it has told what happened; 0 if it has said nothing."""
        last, quote = self.maker.last, self.maker.quote
        return max(last.exchange_us if last else 0, quote.exchange_us if quote else 0)

    def price(self, now_us: int) -> Decimal | None:
        """What it says the price is, if that is fresh: of the last trade, or else the middle of the book."""
        last, quote = self.maker.last, self.maker.quote
        if last is not None and now_us - last.received_us <= _FRESH_US:
            return last.price
        if quote is None or quote.bid is None or quote.ask is None or now_us - quote.received_us > _FRESH_US:
            return None
        return (quote.bid + quote.ask) / 2
