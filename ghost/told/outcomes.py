"""What is told of a tracked signal: the events that its engine does not emit."""

from __future__ import annotations

from typing import Any

from ghost.held import Held
from ghost.model.changes import Cancelled, Closed, Expired, Filled, OrderChange
from ghost.told.said import Said, given
from signaltape.contract.events import GhostClosed, GhostInvalidated, GhostTriggered


def outcome(held: Held, change: OrderChange) -> Said | None:
    """What a change means for the order's signal; None if nothing. held: as it was before."""
    match change:
        case Filled() if held.fill is None:
            return _event(held, GhostTriggered.EVENT, change, _trigger(held, change))
        case Closed():
            return _event(held, GhostClosed.EVENT, change, _closure(change))
        case Expired():
            return _event(held, GhostInvalidated.EVENT, change, {"reason": "expiry"})
        case Cancelled():
            return _event(held, GhostInvalidated.EVENT, change, {"reason": "hard_invalidate"})
        case _:
            return None


def _trigger(held: Held, change: Filled) -> dict[str, Any]:
    waited_us = max(0, change.at_us - held.plan.published_us)
    return {"entry_fill": change.price, "time_to_trigger_ms": waited_us // 1000}


def _closure(change: Closed) -> dict[str, Any]:
    result = change.result
    return {
        "rr_realized": result.rr_realized,
        "time_in_trade_ms": max(0, change.at_us - (result.filled_at_us or 0)) // 1000,
        "exit_reason": result.exit_reason,
        "rr_best": result.rr_best,
        "fees_r": result.fees_r,
    }


def _event(held: Held, name: str, change: OrderChange, fields: dict[str, Any]) -> Said:
    whose = {"signal_id": held.whose.signal_id, "symbol": held.plan.symbol}
    return Said(name, change.at_us, given(whose | fields), event=True)
