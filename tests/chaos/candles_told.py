"""What is wrong with the candles of a tape, whoever told them and how often he was killed. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import msgspec
from msgspec import Struct

_MINUTE = timedelta(minutes=1)
_GAP = re.compile(r"gap of ([0-9.]+) s")
#: For so long an exchange may stand still in a minute, on a machine that does other things as well.
_STALL_S = 3


class Candle(Struct, frozen=True):
    """As it stands on the tape."""

    id: str
    symbol: str
    interval: str
    timestamp: datetime
    provider: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    dataQuality: str | None = None
    reasons: list[str] = []

    @property
    def prices(self) -> tuple[Decimal, ...]:
        """All four."""
        return (self.open, self.high, self.low, self.close)

    @property
    def begin(self) -> datetime:
        """Its timestamp is its end."""
        return self.timestamp - (_MINUTE if self.interval == "1m" else timedelta(seconds=1))


class Candles(NamedTuple):
    """Each once, in the order of the tape. again: how many stood there twice, the same."""

    told: list[Candle]
    again: int
    wrong: list[str]


_read = msgspec.json.Decoder(Candle).decode


def read_candles(entries: Iterable[bytes]) -> Candles:
    """data of market_candle; who has one id must say one thing."""
    texts: dict[str, bytes] = {}
    told: list[Candle] = []
    wrong: list[str] = []
    again = 0
    for data in entries:
        one = _read(data)
        first = texts.get(one.id)
        if first is None:
            texts[one.id] = data
            told.append(one)
        elif first == data:
            again += 1
        else:
            wrong.append(f"told with two contents: {first.decode()} and {data.decode()}")
    return Candles(told, again, wrong)


def faults(told: Sequence[Candle], last_digits: Mapping[str, str], until: datetime) -> Iterator[str]:
    """last_digits: of the prices of each provider; until: by then whole minutes must be there."""
    for one in told:
        if {str(price)[-1] for price in one.prices} != {last_digits[one.provider]}:
            yield f"of two providers: {one}"
    for symbol in sorted({one.symbol for one in told}):
        own = [one for one in told if one.symbol == symbol]
        yield from _going_back(own)
        yield from _missing(own, until)
        yield from _unsaid(own)


def _going_back(own: Sequence[Candle]) -> Iterator[str]:
    """Seconds and minutes each go on; no second comes behind its minute."""
    for interval in ("1s", "1m"):
        for one, after in pairwise([bar for bar in own if bar.interval == interval]):
            if after.timestamp <= one.timestamp:
                yield f"time goes back: {_short(after)} behind {_short(one)}"
    told_until: datetime | None = None
    for one in own:
        if one.interval == "1m":
            told_until = one.timestamp
        elif told_until is not None and one.timestamp <= told_until:
            yield f"behind its minute: {_short(one)}"


def _missing(own: Sequence[Candle], until: datetime) -> Iterator[str]:
    """Each minute that began when the symbol was followed already."""
    there = {one.timestamp for one in own if one.interval == "1m"}
    first = own[0].begin
    end = first.replace(second=0, microsecond=0) + 2 * _MINUTE
    while end <= until:
        if end not in there:
            yield f"no candle of {own[0].symbol} ends at {end}"
        end += _MINUTE


def _unsaid(own: Sequence[Candle]) -> Iterator[str]:
    """Whole minutes with fewer seconds than they own to. There is a trade in every second."""
    seconds = Counter(one.begin.replace(second=0) for one in own if one.interval == "1s")
    for one in own:
        if one.interval == "1m" and one.begin > own[0].begin:
            lacking = 60 - seconds[one.begin] - _gap_s(one)
            if lacking > _STALL_S:
                yield f"{_short(one)} does not say that {lacking:.0f} s of it are not there"


def _gap_s(one: Candle) -> float:
    found = (_GAP.match(reason) for reason in one.reasons)
    return sum(float(match[1]) for match in found if match)


def _short(one: Candle) -> str:
    return f"{one.symbol} {one.interval} {one.timestamp:%H:%M:%S} of {one.provider}"
