"""What the tape is told of a paper order or a line: records and, for a tracked signal, its outcome. Pure.

Every id is made of the order's (or line's) and of what is told: told twice, it is a duplicate.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any, NamedTuple

import uuid_utils

from ghost.held import Asked, Held, HeldLine, Whose, average
from ghost.model.changes import (
    Cancelled,
    Closed,
    Exited,
    Expired,
    Filled,
    Funded,
    Leaving,
    LineExpired,
    OrderChange,
    Rung,
)
from ghost.model.plan import Plan
from signaltape.contract.codec import NAMESPACE
from signaltape.contract.events import GhostClosed, GhostInvalidated, GhostTriggered
from signaltape.contract.order_records import PriceLine
from signaltape.contract.records import OrderLog, TradeLog

_DIGITS = Context(prec=12)
_LONGEST = 500


class Said(NamedTuple):
    """Something to be told. event: a lifecycle event, else a record; at_us: when it happened."""

    name: str
    at_us: int
    fields: dict[str, Any]
    event: bool = False


def placed(held: Held, at_us: int) -> Said:
    """An order is followed from now on."""
    return _order(held.plan, held.whose, 0, at_us, "NEW", "placed", price=held.plan.price)


def refused(asked: Asked, whose: Whose, at_us: int, reason: str) -> Said:
    """An order is not followed."""
    fields = {"type": asked.entry_type.upper(), "qty": 0, "status": "REJECTED", "lastError": reason[:_LONGEST]}
    return _order_said(asked, whose, 0, at_us, "refused", **_side(asked.side), **fields)


def changed(held: Held, change: OrderChange) -> list[Said]:
    """All that is told of a change."""
    said = [_of_order(held, change)]
    if isinstance(change, Closed):
        said.append(_trade(held, change))
    outcome = _outcome(held, change) if held.tracked else None
    return [*said, outcome] if outcome is not None else said


def line_set(held: HeldLine) -> Said:
    """A line is watched."""
    return _line(held, "set", held.line.set_us)


def line_refused(held: HeldLine, reason: str) -> Said:
    """A line is not watched."""
    return _line(held, "refused", held.line.set_us, reason=reason[:_LONGEST])


def line_cancelled(held: HeldLine, at_us: int) -> Said:
    """A line is watched no longer."""
    return _line(held, "cancelled", at_us)


def line_ended(held: HeldLine, change: Rung | LineExpired) -> Said:
    """A line rang, or was not reached in its time."""
    if isinstance(change, Rung):
        return _line(held, "rung", change.at_us, seen=change.seen)
    return _line(held, "expired", change.at_us)


def quantity(plan: Plan, fill: Decimal | None) -> Decimal:
    """How much is traded: what is risked by the way to the stop; without a size one unit, 0 while that is unknown."""
    price = fill if fill is not None else plan.price
    if plan.risk_usd is None:
        return Decimal(1)
    if price is None or price == plan.sl:
        return Decimal(0)
    return _DIGITS.divide(plan.risk_usd, abs(price - plan.sl))


def _of_order(held: Held, change: OrderChange) -> Said:
    plan, whose, fill = held.plan, held.whose, held.fill
    common = (plan, whose, change.seq, change.at_us)
    match change:
        case Filled():
            return _order(*common, "FILLED", "filled", fill=fill, price=change.price)
        case Exited():
            extra = {"world": change.world, "kind": change.kind, "fraction": change.fraction}
            status = "PARTIALLY_CLOSED" if change.rest else "CLOSED"
            return _order(*common, status, "exit", fill=fill, price=change.price, leaving=True, **extra)
        case Funded():
            extra = {"world": change.world, "fundingR": change.funding_r}
            return _order(*common, "FILLED", "funded", fill=fill, **extra)
        case Leaving():
            return _order(*common, "CLOSING", "leaving", fill=fill, leaving=True)
        case Closed():
            return _order(*common, "CLOSED", "closed", fill=fill, leaving=True, **_result(change))
        case Expired():
            return _order(*common, "EXPIRED", "expired")
        case Cancelled():
            return _order(*common, "CANCELED", "cancelled", lastError=change.reason)


def _result(change: Closed) -> dict[str, Any]:
    result = change.result
    return {
        "rrRealized": result.rr_realized,
        "rrBest": result.rr_best,
        "feesR": result.fees_r,
        "fundingR": result.funding_r,
        "mfeR": result.mfe_r,
        "maeR": result.mae_r,
        "pnlR": result.pnl_r,
        "pnlUsd": result.pnl_usd,
        "exitReason": result.exit_reason,
    }


def _order(
    plan: Plan,
    whose: Whose,
    seq: int,
    at_us: int,
    status: str,
    what: str,
    *,
    fill: Decimal | None = None,
    price: Decimal | None = None,
    leaving: bool = False,
    **more: Any,
) -> Said:
    qty = quantity(plan, fill)
    filled = {"filledQty": qty, "avgFillPrice": fill} if fill is not None else {}
    fields = {
        **_side(plan.side, leaving=leaving),
        "type": plan.entry_type.upper(),
        "qty": qty,
        "status": status,
        "reduceOnly": leaving,
        **({"price": price} if price is not None else {}),
        **filled,
    }
    return _order_said(plan, whose, seq, at_us, what, **fields, **more)


def _order_said(
    what_for: Plan | Asked, whose: Whose, seq: int, at_us: int, what: str, **fields: Any
) -> Said:
    order_id = what_for.order_id
    return Said(
        OrderLog.EVENT,
        at_us,
        {
            "id": _id(order_id, seq),
            "clientOrderId": order_id,
            "symbol": what_for.symbol,
            "mode": "SIM",
            "source": "ghost",
            "what": what,
            "seq": seq,
            "orderId": order_id,
            **_whose(whose),
            **fields,
        },
    )


def _trade(held: Held, change: Closed) -> Said:
    plan, result = held.plan, change.result
    assert held.fill is not None
    assert result.filled_at_us is not None
    qty = quantity(plan, held.fill)
    fields = {
        "id": _id(plan.order_id, "trade"),
        "symbol": plan.symbol,
        "side": plan.side.upper(),
        "entryPrice": held.fill,
        "closePrice": _DIGITS.plus(average(held.exits)),
        "qty": qty,
        "realizedPnl": _earned(plan, held.fill, change),
        "mode": "SIM",
        "durationSeconds": (change.at_us - result.filled_at_us) // 1_000_000,
        "source": "ghost",
        "orderId": plan.order_id,
        **_whose(held.whose),
        **_result(change),
    }
    return Said(TradeLog.EVENT, change.at_us, {key: value for key, value in fields.items() if value is not None})


def _earned(plan: Plan, fill: Decimal, change: Closed) -> Decimal:
    result = change.result
    if result.pnl_usd is not None:
        return result.pnl_usd
    return _DIGITS.multiply(result.pnl_r or Decimal(0), abs(fill - plan.sl))


def _outcome(held: Held, change: OrderChange) -> Said | None:
    match change:
        case Filled():
            waited_ms = max(0, change.at_us - held.plan.published_us) // 1000
            fields = {"entry_fill": change.price, "time_to_trigger_ms": waited_ms}
            return _event(held, GhostTriggered.EVENT, change.at_us, fields)
        case Closed():
            return _event(held, GhostClosed.EVENT, change.at_us, _closure(change))
        case Expired():
            return _event(held, GhostInvalidated.EVENT, change.at_us, {"reason": "expiry"})
        case Cancelled():
            return _event(held, GhostInvalidated.EVENT, change.at_us, {"reason": "hard_invalidate"})
        case _:
            return None


def _closure(change: Closed) -> dict[str, Any]:
    result = change.result
    fields = {
        "rr_realized": result.rr_realized,
        "time_in_trade_ms": max(0, change.at_us - (result.filled_at_us or 0)) // 1000,
        "exit_reason": result.exit_reason,
        "rr_best": result.rr_best,
        "fees_r": result.fees_r,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _event(held: Held, name: str, at_us: int, fields: dict[str, Any]) -> Said:
    whose = {"signal_id": held.whose.signal_id, "symbol": held.plan.symbol}
    return Said(name, at_us, {**whose, **fields}, event=True)


def _line(held: HeldLine, what: str, at_us: int, **more: Any) -> Said:
    line = held.line
    fields = {
        "id": _id(line.line_id, what),
        "lineId": line.line_id,
        "symbol": line.symbol,
        "price": line.price,
        "direction": line.direction,
        "what": what,
        "label": held.label,
        **_whose(held.whose),
        "orderId": held.order_id,
        **more,
    }
    return Said(PriceLine.EVENT, at_us, {key: value for key, value in fields.items() if value is not None})


def _whose(whose: Whose) -> dict[str, Any]:
    fields = {
        "signalId": whose.signal_id,
        "refId": whose.ref_id,
        "chatId": whose.chat_id,
        "threadId": whose.thread_id,
        "userId": whose.user_id,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _side(side: str, *, leaving: bool = False) -> dict[str, str]:
    return {"side": "BUY" if (side == "long") != leaving else "SELL"}


def _id(whose: str, what: int | str) -> str:
    return str(uuid_utils.uuid5(NAMESPACE, f"{whose}:{what}"))
