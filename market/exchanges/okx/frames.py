"""What OKX pushes over its websockets, as messages. All numbers are text there; times are milliseconds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from market.exchanges.base import CandleRow, Funding, Message, OpenInterest, Quote, Tick
from market.exchanges.errors import StreamEnded, Unreadable
from market.exchanges.numbers import decimal_of, micros_of, price_of, side_of, volume_of

PONG = "pong"
MINUTE_US = 60_000_000
#: The notice that says that the connection will be closed for an upgrade.
_CLOSING = "64008"
_CLOSED = "1"


class Swap(Struct, frozen=True, rename="camel"):
    """An instrument: what records call it, and how much of the base coin one contract is."""

    symbol: str
    base: str
    contract: Decimal


#: By OKX's own name.
Swaps = Mapping[str, Swap]


class Channel(Struct, frozen=True, rename="camel"):
    channel: str = ""
    inst_id: str = ""


class Push(Struct, frozen=True, rename="camel"):
    """A frame: data of a channel, or an event (an answer to a request, a notice)."""

    arg: Channel = Channel()
    data: Raw = Raw(b"[]")
    event: str = ""
    code: str = ""
    msg: str = ""


class Trade(Struct, frozen=True, rename="camel"):
    px: str
    sz: str
    ts: str
    trade_id: str = ""


class Book(Struct, frozen=True, rename="camel"):
    """The best levels, best first: price, size, …"""

    asks: list[list[str]]
    bids: list[list[str]]
    ts: str


class Rate(Struct, frozen=True, rename="camel"):
    """funding_time: when this rate is settled."""

    funding_rate: str
    ts: str
    funding_time: str = ""


class Interest(Struct, frozen=True, rename="camel"):
    """oi_ccy: in base coins; `oi` is in contracts."""

    oi_ccy: str
    ts: str


Row = list[str]
_push = msgspec.json.Decoder(Push).decode
_Parser = Callable[[Raw, Swap, int], Iterator[Message]]


class Frames:
    """Reads the frames of one connection; there is nothing to remember between them."""

    def __init__(self, swaps: Swaps) -> None:
        self._swaps = swaps

    def __call__(self, text: str, received_us: int) -> tuple[Message, ...]:
        """See `dialect.Reader`."""
        if text == PONG:
            return ()
        push = _push(text)
        if push.event:
            return _heed(push)
        parse = _CHANNELS.get(push.arg.channel)
        swap = self._swaps.get(push.arg.inst_id)
        if parse is None or swap is None:
            raise Unreadable("neither an event nor data of a channel that was asked for")
        return tuple(parse(push.data, swap, received_us))


def _heed(push: Push) -> tuple[Message, ...]:
    """An event: a refusal is passed over with its words, a notice of the end is the end."""
    if push.event == "notice" and push.code == _CLOSING:
        raise StreamEnded(f"okx: {push.msg or 'the connection will be closed'} ({_CLOSING})")
    if push.event == "error":
        raise Unreadable(f"okx refused a request: {push.msg} ({push.code})")
    return ()


def _trades(data: Raw, swap: Swap, received_us: int) -> Iterator[Message]:
    for one in msgspec.json.decode(data, type=list[Trade]):
        qty = price_of(one.sz) * swap.contract
        yield Tick(swap.symbol, price_of(one.px), qty, micros_of(one.ts), received_us, one.trade_id or None)


def _books(data: Raw, swap: Swap, received_us: int) -> Iterator[Message]:
    for one in msgspec.json.decode(data, type=list[Book]):
        yield Quote(swap.symbol, best(one.bids), best(one.asks), micros_of(one.ts), received_us)


def best(levels: list[list[str]]) -> Decimal | None:
    """The price of the first level; None of none."""
    return side_of(levels[0][0]) if levels and levels[0] else None


def _candles(data: Raw, swap: Swap, received_us: int) -> Iterator[Message]:
    for row in msgspec.json.decode(data, type=list[Row]):
        if candle := candle_of(row, swap.symbol, received_us):
            yield candle


def candle_of(row: Row, symbol: str, received_us: int) -> CandleRow | None:
    """`[begin, open, high, low, close, contracts, coins, quote volume, confirm]`; None while it is still open."""
    if len(row) <= _CONFIRM:
        raise Unreadable("a candle of too few columns")
    if row[_CONFIRM] != _CLOSED:
        return None
    begin = micros_of(row[0])
    opened, high, low, close = (price_of(each) for each in row[1:5])
    return CandleRow(
        symbol,
        begin,
        begin + MINUTE_US,
        opened,
        high,
        low,
        close,
        volume_of(row[_COINS]),
        begin + MINUTE_US,
        received_us,
    )


_COINS, _CONFIRM = 6, 8


def _funding(data: Raw, swap: Swap, received_us: int) -> Iterator[Message]:
    for one in msgspec.json.decode(data, type=list[Rate]):
        yield funding_of(one, swap, received_us)


def funding_of(one: Rate, swap: Swap, received_us: int) -> Funding:
    """A rate and when it is settled, which may not be told."""
    at = micros_of(one.funding_time) if one.funding_time else None
    return Funding(swap.symbol, decimal_of(one.funding_rate), at, micros_of(one.ts), received_us)


def _interest(data: Raw, swap: Swap, received_us: int) -> Iterator[Message]:
    for one in msgspec.json.decode(data, type=list[Interest]):
        yield interest_of(one, swap, received_us)


def interest_of(one: Interest, swap: Swap, received_us: int) -> OpenInterest:
    """All open positions in base coins."""
    return OpenInterest(swap.symbol, decimal_of(one.oi_ccy), swap.base, micros_of(one.ts), received_us)


_CHANNELS: Mapping[str, _Parser] = {
    "trades": _trades,
    "books5": _books,
    "candle1m": _candles,
    "funding-rate": _funding,
    "open-interest": _interest,
}
