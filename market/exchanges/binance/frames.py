"""What Binance pushes over its futures' websockets, as messages. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec import Raw, Struct, field

from market.exchanges.base import CandleRow, Funding, Message, Quote, Tick
from market.exchanges.errors import Unreadable
from market.exchanges.numbers import decimal_of, micros_of, price_of, side_of, volume_of

MINUTE_US = 60_000_000


class Swap(Struct, frozen=True):
    """An instrument: what records call it, and its base coin, in which Binance counts."""

    symbol: str
    base: str


#: By Binance's own name.
Swaps = Mapping[str, Swap]


class Push(Struct, frozen=True):
    """A frame: an event, or the answer to a request (`result` and `id`), or an error."""

    event: str = field(name="e", default="")
    symbol: str = field(name="s", default="")
    id: int | str | None = None
    error: Raw = Raw(b"")


class Trade(Struct, frozen=True):
    """aggTrade: what one order took at one price."""

    at: int = field(name="T")
    price: str = field(name="p")
    size: str = field(name="q")
    trade_id: int = field(name="a")


class Book(Struct, frozen=True):
    bid: str = field(name="b")
    ask: str = field(name="a")
    at: int = field(name="T")


class Mark(Struct, frozen=True):
    """markPriceUpdate: T is when r is settled; E is when it was said."""

    rate: str = field(name="r")
    settled_at: int = field(name="T")
    said_at: int = field(name="E")


class Candle(Struct, frozen=True):
    start: int = field(name="t")
    open: str = field(name="o")
    high: str = field(name="h")
    low: str = field(name="l")
    close: str = field(name="c")
    volume: str = field(name="v")
    is_closed: bool = field(name="x")


class Kline(Struct, frozen=True):
    candle: Candle = field(name="k")


_push = msgspec.json.Decoder(Push).decode


class Frames:
    """Reads the frames of one connection; there is nothing to remember between them."""

    def __init__(self, swaps: Swaps) -> None:
        self._swaps = swaps

    def __call__(self, text: str, received_us: int) -> tuple[Message, ...]:
        """See `dialect.Reader`."""
        push = _push(text)
        if not push.event:
            return _heed(push, text)
        parse, swap = _EVENTS.get(push.event), self._swaps.get(push.symbol)
        if parse is None or swap is None:
            raise Unreadable("no event of a stream that was asked for")
        return tuple(parse(text, swap, received_us))


def _heed(push: Push, text: str) -> tuple[Message, ...]:
    """The answer to a request; a refusal is passed over with its words."""
    if bytes(push.error):
        raise Unreadable(f"binance refused a request: {text[:200]}")
    if push.id is None:
        raise Unreadable("neither an answer nor an event")
    return ()


def _trades(text: str, swap: Swap, received_us: int) -> Iterator[Message]:
    one = msgspec.json.decode(text, type=Trade)
    price, qty = price_of(one.price), price_of(one.size)
    yield Tick(swap.symbol, price, qty, micros_of(one.at), received_us, str(one.trade_id))


def _book(text: str, swap: Swap, received_us: int) -> Iterator[Message]:
    one = msgspec.json.decode(text, type=Book)
    yield Quote(swap.symbol, side_of(one.bid), side_of(one.ask), micros_of(one.at), received_us)


def _mark(text: str, swap: Swap, received_us: int) -> Iterator[Message]:
    one = msgspec.json.decode(text, type=Mark)
    settled_us = micros_of(one.settled_at) if one.settled_at else None
    yield Funding(swap.symbol, decimal_of(one.rate), settled_us, micros_of(one.said_at), received_us)


def _kline(text: str, swap: Swap, received_us: int) -> Iterator[Message]:
    one = msgspec.json.decode(text, type=Kline).candle
    if one.is_closed:
        row = (one.start, one.open, one.high, one.low, one.close, one.volume)
        yield candle_of(row, swap.symbol, received_us)


def candle_of(row: tuple[int, str, str, str, str, str], symbol: str, received_us: int) -> CandleRow:
    """`[begin, open, high, low, close, coins, …]`."""
    begin = micros_of(row[0])
    opened, high, low, close = (price_of(each) for each in row[1:5])
    end = begin + MINUTE_US
    return CandleRow(symbol, begin, end, opened, high, low, close, volume_of(row[5]), end, received_us)


_EVENTS: Mapping[str, Callable[[str, Swap, int], Iterator[Message]]] = {
    "aggTrade": _trades,
    "bookTicker": _book,
    "markPriceUpdate": _mark,
    "kline": _kline,
}
