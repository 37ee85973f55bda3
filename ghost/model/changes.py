"""What a bar may change. Times in microseconds; `seq` counts an order's changes from 1."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from ghost.model.result import Result
from ghost.model.world import ExitKind

#: Both as long as the tape leaves one only; the better one sees the target first where a bar leaves it open.
WorldName = Literal["both", "worse", "better"]

Direction = Literal["above", "below"]


class Filled(Struct, frozen=True, gc=False, tag=True):
    """The entry was filled. fee_r: what it cost, in R."""

    order_id: str
    seq: int
    at_us: int
    price: Decimal
    fraction: Decimal
    fee_r: Decimal


class Exited(Struct, frozen=True, gc=False, tag=True):
    """A fraction of the size was closed at this price, in one world or in both. rest: what is left of it there."""

    order_id: str
    seq: int
    at_us: int
    price: Decimal
    fraction: Decimal
    fee_r: Decimal
    world: WorldName
    kind: ExitKind
    rest: Decimal


class Funded(Struct, frozen=True, gc=False, tag=True):
    """Funding was paid (above 0) or received, in R."""

    order_id: str
    seq: int
    at_us: int
    world: WorldName
    funding_r: Decimal


class Closed(Struct, frozen=True, gc=False, tag=True):
    """All is closed in every world: the order has ended."""

    order_id: str
    seq: int
    at_us: int
    result: Result


class Expired(Struct, frozen=True, gc=False, tag=True):
    """Not filled in its time: the order has ended."""

    order_id: str
    seq: int
    at_us: int
    result: Result


class Cancelled(Struct, frozen=True, gc=False, tag=True):
    """Taken back before it was filled: the order has ended. reason: `asked`, or `beyond_stop` (a market order whose
    bar opened at or beyond its stop)."""

    order_id: str
    seq: int
    at_us: int
    reason: Literal["asked", "beyond_stop"]
    result: Result


class Leaving(Struct, frozen=True, gc=False, tag=True):
    """An open position was told to close: it does at the open of the next bar."""

    order_id: str
    seq: int
    at_us: int


class Rung(Struct, frozen=True, gc=False, tag=True):
    """A price line was reached, once and for all. seen: how far the bar went."""

    line_id: str
    at_us: int
    price: Decimal
    direction: Direction
    seen: Decimal


class LineExpired(Struct, frozen=True, gc=False, tag=True):
    """A price line was not reached in its time."""

    line_id: str
    at_us: int


OrderChange = Filled | Exited | Funded | Closed | Expired | Cancelled | Leaving
Change = OrderChange | Rung | LineExpired
