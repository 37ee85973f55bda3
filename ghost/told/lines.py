"""What is told of a line: `price_line`."""

from __future__ import annotations

from typing import Any

from ghost.held import HeldLine
from ghost.model.changes import LineExpired, Rung
from ghost.told.said import LONGEST, Said, given, id_of, whose_fields
from signaltape.contract.order_records import PriceLine


def line_set(held: HeldLine) -> Said:
    """A line is watched."""
    return _line(held, "set", held.line.set_us)


def line_refused(held: HeldLine, reason: str) -> Said:
    """A line cannot be watched."""
    return _line(held, "refused", held.line.set_us, reason=reason[:LONGEST])


def line_cancelled(held: HeldLine, at_us: int) -> Said:
    """A line is watched no longer."""
    return _line(held, "cancelled", at_us)


def line_ended(held: HeldLine, change: Rung | LineExpired) -> Said:
    """A line rang, or was not reached in its time."""
    if isinstance(change, Rung):
        return _line(held, "rung", change.at_us, seen=change.seen)
    return _line(held, "expired", change.at_us)


def _line(held: HeldLine, what: str, at_us: int, **more: Any) -> Said:
    line = held.line
    fields = {
        "id": id_of(line.line_id, what),
        "lineId": line.line_id,
        "orderId": held.order_id,
        "symbol": line.symbol,
        "price": line.price,
        "direction": line.direction,
        "what": what,
        "label": held.label,
    }
    return Said(PriceLine.EVENT, at_us, given(fields | whose_fields(held.whose) | more))
