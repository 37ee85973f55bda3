"""Whether a bar fills an entry, at what price, and how the position then stands to the rest of the bar."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from ghost.model.exact import ONE, minus, times
from ghost.model.happening import FALLEN_INTO, RISEN_INTO, WHOLE, Orders
from ghost.model.plan import MOST_R, Plan
from ghost.model.rules import Rules
from ghost.model.views import View, into, signed
from ghost.model.volume import Volume


class Entry(NamedTuple):
    """A fill: its signed price, and what the rest of the bar may do."""

    price: Decimal
    orders: Orders


def entry_of(plan: Plan, rules: Rules, view: View, volume: Volume) -> Entry | Literal["beyond_stop"] | None:
    """How the bar fills the plan, if it does. volume: asked by limits only; the others take what there is."""
    price = None if plan.price is None else signed(plan.price, plan.side)
    if plan.entry_type == "market":
        return _market(price, signed(plan.sl, plan.side), rules, view)
    assert price is not None  # held by plan_of
    if plan.entry_type == "stop":
        return _stop(price, rules, view)
    return _limit(price, rules, view, volume)


def _limit(price: Decimal, rules: Rules, view: View, volume: Volume) -> Entry | None:
    """At its own price, never better, once the bar trades through it."""
    through = view.low < price or (rules.touch and view.low == price)
    if not (through and volume.fills(ONE)):
        return None
    return Entry(price, WHOLE if view.open <= price else FALLEN_INTO)


def _stop(price: Decimal, rules: Rules, view: View) -> Entry | None:
    """At the worse of its price and the open, once the bar touches it."""
    if view.high < price:
        return None
    orders = WHOLE if view.open >= price else RISEN_INTO
    return Entry(into(max(price, view.open), rules.slippage_bps), orders)


def _market(price: Decimal | None, stop: Decimal, rules: Rules, view: View) -> Entry | Literal["beyond_stop"]:
    """At the worse of its own price, where it has one, and the open."""
    if price is None and times(minus(view.open, stop), MOST_R) < view.open.copy_abs():
        return "beyond_stop"
    worse = view.open if price is None else max(price, view.open)
    return Entry(into(worse, rules.slippage_bps), WHOLE)
