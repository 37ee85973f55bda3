"""From exits to R, percent and USD: exact until the last line."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ghost.model.exact import ZERO, minus, of_bps, plus, times, told
from ghost.model.result import ExitReason, Result
from ghost.model.state import Order
from ghost.model.views import signed
from ghost.model.world import Exit, World

_HUNDRED = Decimal(100)
_TAKERS = ("sl", "manual")
_REASONS: dict[str, ExitReason] = {"tp1": "tp", "tp2": "tp", "sl": "sl", "manual": "manual"}


class Outcome(NamedTuple):
    """Of one world, as prices: divided by the order's risk they are R. net = gained − fees − funding."""

    gained: Decimal
    net: Decimal
    fees: Decimal
    funding: Decimal


def entry_fee(order: Order) -> Decimal:
    """As a price. A limit makes, a stop or a market order takes."""
    assert order.fill is not None
    rules = order.rules
    return of_bps(order.fill, rules.maker_bps if order.plan.entry_type == "limit" else rules.taker_bps)


def exit_fee(order: Order, left: Exit) -> Decimal:
    """As a price. A target makes, all else takes."""
    bps = order.rules.taker_bps if left.kind in _TAKERS else order.rules.maker_bps
    return times(left.fraction, of_bps(left.price, bps))


def outcome_of(order: Order, world: World) -> Outcome:
    """Σ fraction × (exit − fill), and what it cost."""
    assert order.fill is not None
    gained, fees = ZERO, entry_fee(order)
    for left in world.exits:
        gained = plus(gained, times(left.fraction, minus(left.price, order.fill)))
        fees = plus(fees, exit_fee(order, left))
    return Outcome(gained, minus(minus(gained, fees), world.paid), fees, world.paid)


def result_of(order: Order) -> Result:
    """Where the order stands, or how it ended."""
    if order.worse is None:
        return Result(
            order.status,
            ended_at_us=order.ended_us,
            bad_bars=order.bad_bars,
            late_bars=order.late_bars,
        )
    return _closed(order) if order.status == "closed" else _open(order, order.worse)


def _open(order: Order, world: World) -> Result:
    return Result(
        "open",
        filled_at_us=order.filled_us,
        fill_price=_fill_price(order),
        mfe_r=_in_r(order, world.best),
        mae_r=_in_r(order, world.worst),
        tp1_hit=_took(world, "tp1"),
        tp2_hit=_took(world, "tp2"),
        bad_bars=order.bad_bars,
        late_bars=order.late_bars,
    )


def _closed(order: Order) -> Result:
    """Of both worlds the one with the smaller R; of the same R the one that cost more."""
    both = [(outcome_of(order, world), world) for world in order.worlds]
    risk = order.risk
    worse, world = min(both, key=lambda one: one[0][:2])
    best = max((outcome for outcome, _ in both), key=lambda one: one[:2])
    return Result(
        "closed",
        filled_at_us=order.filled_us,
        fill_price=_fill_price(order),
        closed_at_us=order.ended_us,
        ended_at_us=order.ended_us,
        exit_reason=_REASONS[world.exits[-1].kind],
        exit_price=_exit_price(order, worse),
        rr_realized=told(worse.gained, risk),
        rr_best=told(best.gained, risk),
        fees_r=told(worse.fees, risk),
        funding_r=told(worse.funding, risk),
        mfe_r=_in_r(order, world.best),
        mae_r=_in_r(order, world.worst),
        pnl_r=told(worse.net, risk),
        pnl_best_r=told(best.net, risk),
        pnl_pct=_percent(order, worse.net),
        pnl_usd=_usd(order, worse.net),
        tp1_hit=_took(world, "tp1"),
        tp2_hit=_took(world, "tp2"),
        bad_bars=order.bad_bars,
        late_bars=order.late_bars,
    )


def _fill_price(order: Order) -> Decimal:
    assert order.fill is not None
    return signed(order.fill, order.plan.side)


def _exit_price(order: Order, outcome: Outcome) -> Decimal:
    """All was closed: so the average is the fill and what was gained."""
    assert order.fill is not None
    return signed(told(plus(order.fill, outcome.gained)), order.plan.side)


def _in_r(order: Order, price: Decimal) -> Decimal:
    assert order.fill is not None
    return told(minus(price, order.fill), order.risk)


def _percent(order: Order, net: Decimal) -> Decimal:
    """Of what the position was worth at its fill."""
    assert order.fill is not None
    return told(times(net, _HUNDRED), order.fill.copy_abs())


def _usd(order: Order, net: Decimal) -> Decimal | None:
    risk_usd = order.plan.risk_usd
    return None if risk_usd is None else told(times(net, risk_usd), order.risk)


def _took(world: World, kind: str) -> bool:
    return any(left.kind == kind for left in world.exits)
