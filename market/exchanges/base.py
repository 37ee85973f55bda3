"""What every provider hands on and can be asked, whatever language it speaks itself.

Numbers are decimals of the digits that were sent; quantities are in units of the base coin, whatever the provider
counts in (contracts, for some). Times are microseconds since 1970: what the provider says, and when it was here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol

from market.exchanges.naming import Names


class Tick(NamedTuple):
    """One trade. Price and quantity are finite and above 0: what is not never becomes one."""

    symbol: str
    price: Decimal
    qty: Decimal
    exchange_us: int
    received_us: int
    trade_id: str | None = None


class Quote(NamedTuple):
    """The best prices of the book. None: that side is empty. Bid above ask is handed on as it was sent."""

    symbol: str
    bid: Decimal | None
    ask: Decimal | None
    exchange_us: int
    received_us: int


class CandleRow(NamedTuple):
    """A candle that will not change any more. exchange_us: its end, where the provider names no other time."""

    symbol: str
    begin_us: int
    end_us: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    exchange_us: int
    received_us: int


class Funding(NamedTuple):
    """The rate of the next funding. `rate` is Decimal("NaN") where what was sent is no finite number.

    Ask `is_nan()` before comparing: `<` and `>` raise for a decimal NaN.
    """

    symbol: str
    rate: Decimal
    next_us: int | None
    exchange_us: int
    received_us: int


class OpenInterest(NamedTuple):
    """All open positions, in base coins (`unit`). Handed on as sent, even below 0; NaN as above."""

    symbol: str
    value: Decimal
    unit: str
    exchange_us: int
    received_us: int


class Alive(NamedTuple):
    """The connection spoke, with nothing about any symbol (a pong, an answer to a subscription)."""

    received_us: int


Message = Tick | Quote | CandleRow | Funding | OpenInterest | Alive
#: Takes what a stream brings, at once and without waiting; what it raises ends the stream.
Sink = Callable[[Message], None]


class Exchange(Protocol):
    """A provider. Everything it raises is an ExchangeError."""

    name: str
    names: Names
    #: Whether trades, quotes and candles come by themselves; else the stream asks every so often, and has no trades.
    has_trades: bool

    @property
    def refused(self) -> Mapping[str, int]:
        """What was sent and could not be read, by kind: counted, said once a minute, and passed over."""

    async def load(self) -> None:
        """Fetch the list of instruments into `names`. Everything else needs it once. Raises RequestFailed."""

    async def stream(self, symbols: Iterable[str], sink: Sink) -> None:
        """Follow the symbols for one life of the connection(s); cancel to end it.

        Messages carry our spelling (`SOL-USDT-SWAP`), whatever `symbols` are spelled like. Closed one-minute candles
        come too. Raises StreamEnded or StreamFailed at the end, UnknownSymbol before anything is opened.
        """

    async def follow(self, symbols: Iterable[str]) -> None:
        """Change what the running stream follows, without a new connection. Raises UnknownSymbol; nothing changes."""

    async def candles(self, symbol: str, since_us: int, until_us: int) -> list[CandleRow]:
        """Closed one-minute candles that begin within [since, until), oldest first, each once.

        Raises UnknownSymbol, RequestFailed (RateLimited, RequestRefused).
        """

    async def quote(self, symbol: str) -> Quote:
        """The best prices now. Raises as `candles`."""

    async def funding(self, symbol: str) -> Funding:
        """Raises as `candles`; RequestRefused where the provider has none."""

    async def open_interest(self, symbol: str) -> OpenInterest:
        """Raises as `candles`; RequestRefused where the provider has none."""

    async def close(self) -> None:
        """Close its connections. May be called twice."""
