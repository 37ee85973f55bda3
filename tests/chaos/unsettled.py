"""A slow look at orders that have not ended: which of them have, by the candles of the tape alone. Pure.

It shares nothing with the model. It knows less: only what a single candle says that lies wholly behind the plan, or
behind the last change of the position (what a minute adds to its seconds, among which it changed, leaves two worlds).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tests.chaos.candles_told import Candle


class Unsettled(NamedTuple):
    """A limit that waits or is open. changed_at: of one that is open, its last fill; target: the last one."""

    order_id: str
    symbol: str
    side: str
    published_at: datetime
    expires_at: datetime
    changed_at: datetime | None
    entry: Decimal
    stop: Decimal
    target: Decimal


def settled_after_all(orders: Iterable[Unsettled], candles: list[Candle]) -> Iterator[str]:
    """Those that some candle fills, ends, or lets run out."""
    for order in orders:
        seen = [one for one in candles if _sees(order, one)]
        found = next((one for one in seen if _settles(order, one)), None)
        if found is not None:
            yield f"{order} is settled by {found}"


def _sees(order: Unsettled, one: Candle) -> bool:
    since = order.changed_at or order.published_at
    return one.symbol == order.symbol and one.dataQuality != "bad" and one.begin >= since


def _settles(order: Unsettled, one: Candle) -> bool:
    if order.changed_at is not None:
        return _reaches(order, one, order.stop, touch=True) or _goes_for(order, one)
    if one.timestamp >= order.expires_at:
        return True
    return one.begin < order.expires_at and _reaches(order, one, order.entry, touch=False)


def _reaches(order: Unsettled, one: Candle, price: Decimal, *, touch: bool) -> bool:
    """Whether it came down to a long's price, or up to a short's."""
    if touch and price in (one.low, one.high):
        return True
    return one.low < price if order.side == "long" else one.high > price


def _goes_for(order: Unsettled, one: Candle) -> bool:
    """Whether it went through the last target."""
    return one.high > order.target if order.side == "long" else one.low < order.target
