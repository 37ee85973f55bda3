"""What of the tape concerns ghosts, in its order: bars, funding, published plans, commands.

Never raises for what an entry holds. What the worker would refuse is nothing here either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec import Struct

from consumer.accepted import Accepted, AcceptedRecord
from consumer.decoding.columns import Records
from consumer.decoding.decode import decode_entries
from consumer.decoding.fast_records import Plain, fast_records
from consumer.entry import Entry
from ghost.commands import Command, command_of, since_epoch_us, us_of
from ghost.intervals import length_us
from ghost.model.bar import Bar, Quality
from signaltape.contract.codec import validate
from signaltape.contract.events import SignalPublished
from signaltape.errors import InvalidEvent
from signaltape.stream import FIELD_DATA, FIELD_EVENT, FIELD_ID, entry_time_ms

CANDLE, FUNDING, COMMAND = "market_candle", "market_funding", "order_command"
_CANDLE = CANDLE.encode()
_RARE = frozenset(name.encode() for name in (SignalPublished.EVENT, FUNDING, COMMAND))
#: No engine's clock is that wrong.
_FAR_MS = 86_400_000
#: One that is wrong by more than this decides about nothing but its own symbol.
_AHEAD_MS = 3_600_000


class Published(NamedTuple):
    """A published plan, and its place on the tape."""

    signal_id: str
    event: SignalPublished
    at_us: int
    place: tuple[str, str]


class Commanded(NamedTuple):
    """A command, when it was given, and its place on the tape."""

    command: Command
    at_us: int
    place: tuple[str, str]


class Ahead(NamedTuple):
    """A bar that ends far behind the moment at which it was put on the tape: nothing else's time goes by it."""

    bar: Bar


class Funded(NamedTuple):
    """What holding a perpetual will cost when it is due, as a share of its value; None if that cannot be trusted."""

    symbol: str
    due_us: int
    rate: Decimal | None


class _Candle(Struct, gc=False):
    """The contract has looked at it: these are the numbers as they were sent."""

    interval: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    dataQuality: Quality | None = None  # noqa: N815 - its name on the wire
    degraded: bool | None = None


class _Funding(Struct, gc=False):
    symbol: str
    rate: Decimal | None = None
    nextFundingAt: datetime | int | float | None = None  # noqa: N815
    dataQuality: Quality | None = None  # noqa: N815
    degraded: bool | None = None


Item = Bar | Ahead | Funded | Published | Commanded
_candle = msgspec.json.Decoder(_Candle).decode
_funding = msgspec.json.Decoder(_Funding).decode


class Incoming(NamedTuple):
    """What concerns ghosts, in order. unread: bars of which nobody can tell how long they are."""

    items: list[Item]
    unread: int


def read(entries: Sequence[Entry]) -> Incoming:
    """Read entries in the order of the tape."""
    places: list[Item | None] = [None] * len(entries)
    unread = _read_candles(entries, places)
    for place, entry in enumerate(entries):
        if _is_rare(entry):
            places[place] = _read_rare(entry)
    return Incoming([item for item in places if item is not None], unread)


def _read_candles(entries: Sequence[Entry], places: list[Item | None]) -> int:
    """Put all bars in their places. How many could not be read."""
    where = [place for place, entry in enumerate(entries) if _is_candle(entry)]
    if not where:
        return 0
    some = [entries[place] for place in where]
    plain = Plain(
        some,
        [entry.stream for entry in some],
        [entry.entry_id for entry in some],
        [entry.fields[3] for entry in some if entry.fields is not None],
    )
    accepted, left = fast_records(CANDLE, plain)
    if left:
        accepted.extend(decode_entries(left).records)
        index = {(entries[place].stream, entries[place].entry_id): place for place in where}
        where = [index[one] for one in zip(accepted.streams, accepted.entry_ids, strict=True)]
    unread = 0
    for place, bar in zip(where, _bars(accepted), strict=True):
        places[place] = bar
        unread += bar is None
    return unread


def bars_among(items: Iterable[Item]) -> Iterator[Bar]:
    """The bars of these, by whatever clock."""
    for item in items:
        if type(item) is Bar:
            yield item
        elif type(item) is Ahead:
            yield item.bar


def _bars(records: Records) -> Iterator[Bar | Ahead | None]:
    candles = map(_candle, records.payloads)
    return map(_bar, records.symbols, records.times, records.entry_ids, candles)


def _bar(symbol: str | None, ts: datetime, entry_id: str, candle: _Candle) -> Bar | Ahead | None:
    length = length_us(candle.interval)
    if length is None or symbol is None:
        return None
    end = since_epoch_us(ts)
    ahead_ms = end // 1000 - entry_time_ms(entry_id)
    bar = Bar(
        symbol,
        end - length,
        end,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        # of a clock that is that wrong it would make all others late
        _quality(candle) if ahead_ms <= _FAR_MS and _is_whole(candle) else "bad",
    )
    return Ahead(bar) if _AHEAD_MS < ahead_ms <= _FAR_MS else bar


def _is_whole(candle: _Candle) -> bool:
    """Whether open and close lie within the bar."""
    low, high = candle.low, candle.high
    return low <= candle.open <= high and low <= candle.close <= high


def _quality(said: _Candle | _Funding) -> Quality:
    return said.dataQuality or ("degraded" if said.degraded else "ok")


def _is_candle(entry: Entry) -> bool:
    fields = entry.fields
    return fields is not None and len(fields) > 3 and fields[1] == _CANDLE and _is_plain(fields)


def _is_plain(fields: Sequence[bytes]) -> bool:
    """As the shipper writes it; with an id of the entry, as others may."""
    usual = len(fields) == 4 or (len(fields) == 6 and fields[4] == FIELD_ID)
    return usual and fields[0] == FIELD_EVENT and fields[2] == FIELD_DATA


def _is_rare(entry: Entry) -> bool:
    """Whether it is anything else that concerns ghosts; what is written in another form is looked at."""
    fields = entry.fields
    if fields is None:
        return False
    if _is_plain(fields):
        return fields[1] in _RARE
    return _CANDLE in fields[1::2] or not _RARE.isdisjoint(fields[1::2])


def _read_rare(entry: Entry) -> Item | None:
    batch = decode_entries([entry])
    if batch.accepted:
        return _published(batch.accepted[0])
    for record in batch.records.rows():
        if record.name == CANDLE:
            return next(_bars(batch.records))
        return _funded(record) if record.name == FUNDING else _commanded(record)
    return None


def _published(one: Accepted) -> Item | None:
    if one.name != SignalPublished.EVENT:
        return None
    # what was accepted may hold its numbers as texts: this is the event itself
    event = validate(one.name, one.payload)
    assert isinstance(event, SignalPublished)
    return Published(one.decoded.signal_id, event, us_of(one.decoded.ts), (one.stream, one.entry_id))


def _funded(one: AcceptedRecord) -> Item | None:
    funding = _funding(one.payload)
    if funding.nextFundingAt is None:
        return None
    rate = None if _quality(funding) == "bad" else funding.rate
    try:
        return Funded(funding.symbol, us_of(funding.nextFundingAt), rate)
    except InvalidEvent:  # the contract looks at a record's own time alone
        return None


def _commanded(one: AcceptedRecord) -> Item | None:
    if one.name != COMMAND:
        return None
    return Commanded(command_of(one.payload), us_of(one.ts), (one.stream, one.entry_id))
