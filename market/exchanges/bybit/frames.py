"""What Bybit pushes over its websocket, as messages. A delta says what has changed only, so the rest is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from market.exchanges.base import CandleRow, Funding, Message, OpenInterest, Quote, Tick
from market.exchanges.errors import Unreadable
from market.exchanges.numbers import decimal_of, micros_of, price_of, side_of, volume_of

MINUTE_US = 60_000_000
_SNAPSHOT = "snapshot"


class Swap(Struct, frozen=True):
    """An instrument: what records call it, and its base coin, in which Bybit counts."""

    symbol: str
    base: str


#: By Bybit's own name.
Swaps = Mapping[str, Swap]


class Push(Struct, frozen=True):
    """A frame: data of a topic, or the answer to a request."""

    topic: str = ""
    type: str = ""
    ts: int = 0
    data: Raw = Raw(b"{}")
    op: str = ""
    success: bool = True
    ret_msg: str = ""


class Trade(Struct, frozen=True):
    at: int = msgspec.field(name="T")
    price: str = msgspec.field(name="p")
    size: str = msgspec.field(name="v")
    trade_id: str = msgspec.field(name="i", default="")


class Book(Struct, frozen=True):
    """Levels as price and size. In a delta: those that have changed, of size 0 where one is gone."""

    bids: list[tuple[str, str]] = msgspec.field(name="b", default_factory=list)
    asks: list[tuple[str, str]] = msgspec.field(name="a", default_factory=list)


class Ticker(Struct, frozen=True, rename="camel"):
    funding_rate: str | None = None
    next_funding_time: str | None = None
    open_interest: str | None = None


class Candle(Struct, frozen=True):
    start: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    confirm: bool


_push = msgspec.json.Decoder(Push).decode


class Frames:
    """Reads the frames of one connection. It remembers the best prices and the funding of each instrument."""

    def __init__(self, swaps: Swaps) -> None:
        self._swaps = swaps
        self._best: dict[str, tuple[Decimal | None, Decimal | None]] = {}
        self._funding: dict[str, Ticker] = {}
        self._parsers: Mapping[str, Callable[[Push, Swap, int], Iterator[Message]]] = {
            "publicTrade": self._trades,
            "orderbook.1": self._book,
            "tickers": self._ticker,
            "kline.1": self._candles,
        }

    def __call__(self, text: str, received_us: int) -> tuple[Message, ...]:
        """See `dialect.Reader`."""
        push = _push(text)
        if not push.topic:
            return _heed(push)
        channel, _, instrument = push.topic.rpartition(".")
        parse, swap = self._parsers.get(channel), self._swaps.get(instrument)
        if parse is None or swap is None:
            raise Unreadable("neither an answer nor data of a topic that was asked for")
        return tuple(parse(push, swap, received_us))

    def _trades(self, push: Push, swap: Swap, received_us: int) -> Iterator[Message]:
        for one in msgspec.json.decode(push.data, type=list[Trade]):
            price, qty = price_of(one.price), price_of(one.size)
            yield Tick(swap.symbol, price, qty, micros_of(one.at), received_us, one.trade_id or None)

    def _book(self, push: Push, swap: Swap, received_us: int) -> Iterator[Message]:
        one = msgspec.json.decode(push.data, type=Book)
        old = (None, None) if push.type == _SNAPSHOT else self._best.get(swap.symbol, (None, None))
        best = (_best(one.bids, old[0]), _best(one.asks, old[1]))
        self._best[swap.symbol] = best
        yield Quote(swap.symbol, *best, micros_of(push.ts), received_us)

    def _ticker(self, push: Push, swap: Swap, received_us: int) -> Iterator[Message]:
        one = msgspec.json.decode(push.data, type=Ticker)
        at = micros_of(push.ts)
        if one.open_interest is not None:
            yield OpenInterest(swap.symbol, decimal_of(one.open_interest), swap.base, at, received_us)
        if one.funding_rate is not None or one.next_funding_time is not None:
            known = self._merge(one, swap, is_whole=push.type == _SNAPSHOT)
            yield funding_of(known, swap.symbol, at, received_us)

    def _merge(self, one: Ticker, swap: Swap, *, is_whole: bool) -> Ticker:
        old = Ticker() if is_whole else self._funding.get(swap.symbol, Ticker())
        known = Ticker(
            funding_rate=old.funding_rate if one.funding_rate is None else one.funding_rate,
            next_funding_time=one.next_funding_time or old.next_funding_time,
        )
        self._funding[swap.symbol] = known
        return known

    def _candles(self, push: Push, swap: Swap, received_us: int) -> Iterator[Message]:
        for one in msgspec.json.decode(push.data, type=list[Candle]):
            if one.confirm:
                row = [str(one.start), one.open, one.high, one.low, one.close, one.volume]
                yield candle_of(row, swap.symbol, received_us)


def _heed(push: Push) -> tuple[Message, ...]:
    """An answer to a request or a ping; a refusal is passed over with its words."""
    if not push.success:
        raise Unreadable(f"bybit refused a request: {push.ret_msg}")
    if not push.op:
        raise Unreadable("neither an answer nor data")
    return ()


def _best(changed: list[tuple[str, str]], old: Decimal | None) -> Decimal | None:
    """The best price of a side after a change: of one level there is a new price, or it is gone."""
    there = [side_of(price) for price, size in changed if decimal_of(size) != 0]
    if there:
        return there[0]
    return None if any(side_of(price) == old for price, _ in changed) else old


def funding_of(one: Ticker, symbol: str, exchange_us: int, received_us: int) -> Funding:
    """A rate, and when it is settled."""
    at = micros_of(one.next_funding_time) if one.next_funding_time else None
    return Funding(symbol, decimal_of(one.funding_rate), at, exchange_us, received_us)


def candle_of(row: list[str], symbol: str, received_us: int) -> CandleRow:
    """`[begin, open, high, low, close, coins, …]`."""
    begin = micros_of(row[0])
    opened, high, low, close = (price_of(each) for each in row[1:5])
    end = begin + MINUTE_US
    return CandleRow(symbol, begin, end, opened, high, low, close, volume_of(row[5]), end, received_us)
