"""What became of a plan, in the few words that every back-test has; and what it met on its way."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace

from ghost.model.bar import Bar
from ghost.model.changes import Exited, Filled
from ghost.model.order import begin, step
from ghost.model.plan import Plan
from ghost.model.rules import Rules
from ghost.model.sights import Sight
from ghost.model.state import Order
from ghost.model.views import View, signed, view_of
from tests.support.candle_files import FILES, bars_of
from tests.unit.ghost.plans import random_plan

#: Bars before the plan, for libraries that need some.
BEFORE, BEHIND = 5, 300


class Life(NamedTuple):
    """Bars by their place; prices as floats, as the libraries have them. None: it never came to that."""

    fill_bar: int | None = None
    fill: float | None = None
    exit_bar: int | None = None
    exit: float | None = None


class Case(NamedTuple):
    """A plan and its bars; it sees them from `first` on."""

    plan: Plan
    bars: list[Bar]
    first: int


def cases(count: int, *kinds: str) -> Iterator[Case]:
    """Random plans with one target on the four files, published where a bar begins."""
    rnd, names = Random("peers"), list(FILES)
    number = 0
    while number < count:
        bars = bars_of(names[number % len(names)])
        plan, later = random_plan(rnd, bars[BEFORE:], number)
        if plan.entry_type in kinds and plan.tp1 is not None:
            number += 1
            yield _case(plan, bars, later)


def _case(plan: Plan, bars: list[Bar], later: list[Bar]) -> Case:
    place = bars.index(later[0])
    lasts = plan.expires_us - plan.published_us
    price = None if plan.entry_type == "market" else plan.price
    begins = later[0].begin_us
    aligned = replace(
        plan, published_us=begins, expires_us=begins + lasts, tp2=None, price=price, risk_usd=None
    )
    return Case(aligned, bars[place - BEFORE : place + BEHIND], BEFORE)


def ours(case: Case) -> tuple[Life, set[str]]:
    """What the model says, and what the plan met on its way."""
    order, life, met = begin(case.plan, Rules()), Life(), set[str]()
    for place, bar in enumerate(case.bars):
        was = order.status
        if place >= case.first:
            met |= _met(order, bar)
        for change in step(order, Sight(bar)):
            if isinstance(change, Filled):
                life = life._replace(fill_bar=place, fill=float(change.price))
            if isinstance(change, Exited):
                life = life._replace(exit_bar=place, exit=float(change.price))
        if was == "waiting" and order.status in ("open", "closed"):
            met |= _met_at_entry(order, bar)
        if order.better is not None:
            met.add("two worlds")
        if order.ended_us is not None:
            break
    return life, met


def _met(order: Order, bar: Bar) -> set[str]:
    """Before the bar is taken."""
    view = view_of(bar, order.plan.side)
    if order.status == "waiting":
        entry = None if order.plan.price is None else signed(order.plan.price, order.plan.side)
        return {"entry touched"} if order.plan.entry_type == "limit" and view.low == entry else set()
    return _met_open(order, view) if order.status == "open" else set()


def _met_open(order: Order, view: View) -> set[str]:
    stop, target = order.stop, signed(order.plan.tp1 or order.plan.sl, order.plan.side)
    found = {
        "target touched": view.high == target,
        "open beyond target": view.open > target,
        "open at target": view.open == target,
        "open beyond stop": view.open < stop,
    }
    return {name for name, met in found.items() if met}


def _met_at_entry(order: Order, bar: Bar) -> set[str]:
    """Of the bar that filled it."""
    plan, view = order.plan, view_of(bar, order.plan.side)
    target = signed(plan.tp1 or plan.sl, plan.side)
    entry = None if plan.price is None else signed(plan.price, plan.side)
    found = {
        "open better than the limit": plan.entry_type == "limit" and entry is not None and view.open < entry,
        "stop in the bar of the entry": view.low <= order.stop,
        "target in the bar of the entry": view.high >= target,
        "market beyond its levels": plan.entry_type == "market" and not order.stop < view.open < target,
    }
    return {name for name, met in found.items() if met}


def told_apart(found: dict[str, Any]) -> str:
    """For a failing test."""
    return "; ".join(f"{name}: {value}" for name, value in found.items())
