"""What is told of an order: `order_log` for each change, `trade_log` at its end. Mode SIM."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

from ghost.held import Asked, Held, Whose
from ghost.model.changes import Cancelled, Closed, Exited, Expired, Filled, Funded, Leaving, OrderChange
from ghost.model.plan import Plan
from ghost.model.result import Result
from ghost.told.said import LONGEST, Said, given, id_of, whose_fields
from signaltape.contract.records import OrderLog, TradeLog

_DIGITS = Context(prec=12)
_MODE = "SIM"
_SOURCE = "ghost"


def placed(held: Held, at_us: int) -> Said:
    """An order is followed from now on."""
    return _log(held.plan, held.whose, 0, at_us, _standing(held, "NEW", "placed", price=held.plan.price))


def refused(asked: Asked, whose: Whose, at_us: int, reason: str) -> Said:
    """An order is not followed."""
    fields = {
        "side": _side(asked.side),
        "type": asked.entry_type.upper(),
        "qty": 0,
        "status": "REJECTED",
        "what": "refused",
        "lastError": reason[:LONGEST],
    }
    return _log(asked, whose, 0, at_us, fields)


def changed(held: Held, change: OrderChange) -> list[Said]:
    """What is told of a change."""
    fields = _FIELDS[type(change)](held, change)
    log = _log(held.plan, held.whose, change.seq, change.at_us, fields)
    return [log, _trade(held, change)] if isinstance(change, Closed) else [log]


def quantity(plan: Plan, fill: Decimal | None) -> Decimal:
    """How much is traded: what is risked by the way to the stop; without a size one unit, 0 while that is unknown."""
    price = fill if fill is not None else plan.price
    if plan.risk_usd is None:
        return Decimal(1)
    if price is None or price == plan.sl:
        return Decimal(0)
    return _DIGITS.divide(plan.risk_usd, abs(price - plan.sl))


def _filled(held: Held, change: Any) -> dict[str, Any]:
    return _standing(held, "FILLED", "filled", price=change.price)


def _exited(held: Held, change: Any) -> dict[str, Any]:
    how = {"world": change.world, "kind": change.kind, "fraction": change.fraction, "price": change.price}
    # also where nothing is left of it in one world: the order is closed once both have ended
    return _standing(held, "PARTIALLY_CLOSED", "exit", leaving=True, **how)


def _funded(held: Held, change: Any) -> dict[str, Any]:
    return _standing(held, "FILLED", "funded", world=change.world, fundingR=change.funding_r)


def _leaving(held: Held, _change: Any) -> dict[str, Any]:
    return _standing(held, "CLOSING", "leaving", leaving=True)


def _closed(held: Held, change: Any) -> dict[str, Any]:
    return _standing(held, "CLOSED", "closed", leaving=True, **_result(change.result))


def _expired(held: Held, _change: Any) -> dict[str, Any]:
    return _standing(held, "EXPIRED", "expired")


def _cancelled(held: Held, change: Any) -> dict[str, Any]:
    return _standing(held, "CANCELLED", "cancelled", lastError=change.reason)


_FIELDS: dict[type[OrderChange], Callable[[Held, Any], dict[str, Any]]] = {
    Filled: _filled,
    Exited: _exited,
    Funded: _funded,
    Leaving: _leaving,
    Closed: _closed,
    Expired: _expired,
    Cancelled: _cancelled,
}


def _standing(held: Held, status: str, what: str, *, leaving: bool = False, **more: Any) -> dict[str, Any]:
    """What every line of the log says of an order."""
    qty = quantity(held.plan, held.fill)
    fields = {
        "side": _side(held.plan.side, leaving=leaving),
        "type": held.plan.entry_type.upper(),
        "qty": qty,
        "status": status,
        "what": what,
        "reduceOnly": leaving,
        "filledQty": qty if held.fill is not None else None,
        "avgFillPrice": held.fill,
    }
    return fields | more


def _log(what_for: Plan | Asked, whose: Whose, seq: int, at_us: int, fields: dict[str, Any]) -> Said:
    order_id = what_for.order_id
    common = {
        "id": id_of(order_id, seq),
        "clientOrderId": order_id,
        "orderId": order_id,
        "symbol": what_for.symbol,
        "mode": _MODE,
        "source": _SOURCE,
        "seq": seq,
    }
    return Said(OrderLog.EVENT, at_us, given(common | whose_fields(whose) | fields))


def _trade(held: Held, change: Closed) -> Said:
    plan, result, fill = held.plan, change.result, change.result.fill_price
    assert fill is not None
    assert result.filled_at_us is not None
    fields = {
        "id": id_of(plan.order_id, "trade"),
        "symbol": plan.symbol,
        "side": plan.side.upper(),
        "entryPrice": fill,
        "closePrice": result.exit_price,
        "qty": quantity(plan, fill),
        "realizedPnl": _earned(plan, fill, result),
        "mode": _MODE,
        "durationSeconds": (change.at_us - result.filled_at_us) // 1_000_000,
        "source": _SOURCE,
        "orderId": plan.order_id,
    }
    return Said(TradeLog.EVENT, change.at_us, given(fields | whose_fields(held.whose) | _result(result)))


def _earned(plan: Plan, fill: Decimal, result: Result) -> Decimal:
    if result.pnl_usd is not None:
        return result.pnl_usd
    return _DIGITS.multiply(result.pnl_r or Decimal(0), abs(fill - plan.sl))


def _result(result: Result) -> dict[str, Any]:
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


def _side(side: str, *, leaving: bool = False) -> str:
    return "BUY" if (side == "long") != leaving else "SELL"
