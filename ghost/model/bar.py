"""A bar: the range of a symbol's price in a span of time."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

Quality = Literal["ok", "degraded", "bad"]


class Bar(NamedTuple):
    """One bar of a symbol, of any length. Times in microseconds since 1970, the end not included.

    quality: a bad one neither fills nor ends anything.
    """

    symbol: str
    begin_us: int
    end_us: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)
    quality: Quality = "ok"
