"""How far a trade went for and against it, in R, out of the candles that were recorded. Pure.

Candles say how far the price went within them, not when: of those that lie partly outside of the trade nobody knows
whether their furthest price was met in it. So a reach has two ends: what was surely met, and what may have been.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

_INTERVAL = re.compile(r"([1-9][0-9]{0,5})\s?(s|sec|m|min|h|d|w)", re.IGNORECASE)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
#: A picture has room for so many candles; the steps in which they are put together, in seconds.
MOST_CANDLES = 120
_STEPS_S = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400)
_ZERO = Decimal(0)


class Candle(NamedTuple):
    """A candle from its start to its end."""

    start: datetime
    end: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class Trade(NamedTuple):
    """A trade from its fill on. until: its end, or up to when it is looked at."""

    side: str
    fill: Decimal
    stop: Decimal
    since: datetime
    until: datetime

    @property
    def risk(self) -> Decimal:
        """What one R is in price: from the fill to the stop."""
        return abs(self.fill - self.stop)

    def gain(self, price: Decimal) -> Decimal:
        """What a price is worth, in R."""
        moved = price - self.fill if self.side == "long" else self.fill - price
        return moved / self.risk


class Extreme(NamedTuple):
    """A price that was met, what it is worth in R, and by when (the end of its candle; None: the fill itself)."""

    r: Decimal
    price: Decimal
    by: datetime | None


class Reach(NamedTuple):
    """The furthest price: the one that was surely met in the trade, and one beyond that may have been."""

    sure: Extreme
    most: Extreme | None


class Excursions(NamedTuple):
    """MFE, never below 0 R, and MAE, never above."""

    mfe: Reach
    mae: Reach


def excursions(trade: Trade, candles: Sequence[Candle]) -> Excursions | None:
    """How far the trade went both ways; None without any candle of it, or where fill and stop are the same."""
    within = [one for one in candles if one.start >= trade.since and one.end <= trade.until]
    touched = [one for one in candles if one.end > trade.since and one.start < trade.until]
    if not touched or not trade.risk:
        return None
    for_it, against = (_high, _low) if trade.side == "long" else (_low, _high)
    return Excursions(
        _reach(trade, within, touched, for_it, max), _reach(trade, within, touched, against, min)
    )


def _reach(
    trade: Trade,
    within: Sequence[Candle],
    touched: Sequence[Candle],
    price: Callable[[Candle], Decimal],
    furthest: Callable[..., Extreme],
) -> Reach:
    start = Extreme(_ZERO, trade.fill, None)
    sure, most = (
        furthest((start, *_extremes(trade, some, price)), key=lambda one: one.r) for some in (within, touched)
    )
    return Reach(sure, most if most.r != sure.r else None)


def _extremes(
    trade: Trade, candles: Sequence[Candle], price: Callable[[Candle], Decimal]
) -> Iterator[Extreme]:
    return (Extreme(trade.gain(price(one)), price(one), one.end) for one in candles)


def uncovered(trade: Trade, candles: Sequence[Candle]) -> timedelta:
    """How much of a trade no candle tells of: what the market did then is not known."""
    told = (max(min(one.end, trade.until) - max(one.start, trade.since), timedelta(0)) for one in candles)
    return max(trade.until - trade.since - sum(told, timedelta(0)), timedelta(0))


def _high(one: Candle) -> Decimal:
    return one.high


def _low(one: Candle) -> Decimal:
    return one.low


def seconds_of(interval: str | None) -> int | None:
    """How long a candle is that an engine calls `1m`, `15min`, `4h`; None for another name."""
    found = _INTERVAL.fullmatch(interval or "")
    return int(found[1]) * _SECONDS[found[2].lower()] if found else None


def finest(intervals: Sequence[str | None]) -> str | None:
    """The finest of the intervals whose names say how long they are."""
    return min(
        (one for one in intervals if seconds_of(one)), key=lambda one: seconds_of(one) or 0, default=None
    )


def step_of(span: timedelta) -> int:
    """In which steps (seconds) candles of a span are put together, so that all fit."""
    least = span.total_seconds() / MOST_CANDLES
    return next((step for step in _STEPS_S if step >= least), _STEPS_S[-1])
