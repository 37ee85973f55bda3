"""Up to where an earlier process told each symbol, by its own records on the tape. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from market.exchanges.errors import UnknownSymbol
from market.exchanges.naming import pair_of
from market.gaps import Gap
from market.status import Status
from signaltape.clock import as_aware

_SECOND_US = 1_000_000


class Told(Struct):
    """Of one symbol; None where nothing is known. gaps: of the minutes that are still to be told."""

    until_us: int | None = None
    minutes_us: int | None = None
    gaps: list[Gap] = []


class _Candle(Struct):
    symbol: str
    interval: str
    timestamp: datetime
    provider: str | None = None


_read = msgspec.json.Decoder(_Candle).decode


def told_by(status: Status | None, now_us: int) -> dict[str, Told]:
    """By what the last process wrote of itself; a time that has not come yet was of a clock that was wrong."""
    symbols = status.symbols if status is not None else []
    return {
        one.symbol: Told(
            _past(one.told_until_us, now_us),
            _past(one.minutes_us, now_us),
            [gap for gap in one.gaps if _past(gap.end_us, now_us) is not None],
        )
        for one in symbols
    }


def note_candle(told: dict[str, Told], data: bytes, now_us: int) -> None:
    """By one market_candle, if it is one of ours: an engine's own have no provider."""
    try:
        said = _read(data)
        if said.provider is None:
            return
        of = told.setdefault(pair_of(said.symbol).ours, Told())
    except (msgspec.DecodeError, UnicodeDecodeError, UnknownSymbol):
        return
    end_us = round(as_aware(said.timestamp).timestamp() * _SECOND_US)
    if _past(end_us, now_us) is None:
        return
    if said.interval == "1m":
        of.minutes_us = _later(of.minutes_us, end_us)
    of.until_us = _later(of.until_us, end_us)


def spelled(symbols: list[str]) -> Mapping[str, list[str]]:
    """By the one spelling of the market, all that are asked for; what is no name of a swap is left out."""
    found: dict[str, list[str]] = {}
    for symbol in symbols:
        ours: Any = _ours(symbol)
        if ours is not None:
            found.setdefault(ours, []).append(symbol)
    return found


def _ours(symbol: str) -> str | None:
    try:
        return pair_of(symbol).ours
    except UnknownSymbol:
        return None


def _past(us: int | None, now_us: int) -> int | None:
    return us if us is not None and us <= now_us + _SECOND_US else None


def _later(one: int | None, other: int) -> int:
    return other if one is None else max(one, other)
