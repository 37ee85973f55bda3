"""From exits to R, percent and USD: exact until the last line."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ghost.model.exact import told
from ghost.model.result import ExitReason, Result
from ghost.model.rules import WHOLE_BPS
from ghost.model.state import Order
from ghost.model.views import signed
from ghost.model.world import Exit, World

_TAKERS = ("sl", "manual")
_REASONS: dict[str, ExitReason] = {"tp1": "tp", "tp2": "tp", "sl": "sl", "manual": "manual"}


class Outcome(NamedTuple):
    """Of one world, in R. net = rr − fees − funding."""

    rr: Fraction
    net: Fraction
    fees: Fraction
    funding: Fraction


def entry_fee(order: Order) -> Fraction:
    """In R. A limit makes, a stop or a market order takes."""
    assert order.fill is not None
    rules = order.rules
    bps = rules.maker_bps if order.plan.entry_type == "limit" else rules.taker_bps
    return abs(Fraction(order.fill)) * Fraction(bps) / WHOLE_BPS / order.risk()


def exit_fee(order: Order, left: Exit) -> Fraction:
    """In R. A target makes, all else takes."""
    bps = order.rules.taker_bps if left.kind in _TAKERS else order.rules.maker_bps
    return Fraction(left.fraction) * abs(Fraction(left.price)) * Fraction(bps) / WHOLE_BPS / order.risk()


def outcome_of(order: Order, world: World) -> Outcome:
    """Σ fraction × (exit − fill) / |fill − sl|, and what it cost."""
    assert order.fill is not None
    fill, risk = Fraction(order.fill), order.risk()
    gained = sum(
        (Fraction(left.fraction) * (Fraction(left.price) - fill) for left in world.exits), Fraction(0)
    )
    fees = entry_fee(order) + sum(exit_fee(order, left) for left in world.exits)
    rr, funding = gained / risk, Fraction(world.paid) / risk
    return Outcome(rr, rr - fees - funding, fees, funding)


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
    worse, world = min(both, key=lambda one: one[0][:2])
    best = max((outcome for outcome, _ in both), key=lambda one: one[:2])
    return Result(
        "closed",
        filled_at_us=order.filled_us,
        fill_price=_fill_price(order),
        closed_at_us=order.ended_us,
        ended_at_us=order.ended_us,
        exit_reason=_REASONS[world.exits[-1].kind],
        rr_realized=told(worse.rr),
        rr_best=told(best.rr),
        fees_r=told(worse.fees),
        funding_r=told(worse.funding),
        mfe_r=_in_r(order, world.best),
        mae_r=_in_r(order, world.worst),
        pnl_r=told(worse.net),
        pnl_best_r=told(best.net),
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


def _in_r(order: Order, price: Decimal) -> Decimal:
    assert order.fill is not None
    return told((Fraction(price) - Fraction(order.fill)) / order.risk())


def _percent(order: Order, net: Fraction) -> Decimal:
    """Of what the position was worth at its fill."""
    assert order.fill is not None
    return told(100 * net * order.risk() / abs(Fraction(order.fill)))


def _usd(order: Order, net: Fraction) -> Decimal | None:
    return None if order.plan.risk_usd is None else told(net * Fraction(order.plan.risk_usd))


def _took(world: World, kind: str) -> bool:
    return any(left.kind == kind for left in world.exits)
