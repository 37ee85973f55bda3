"""The model and its slow twin say the same of real candles, to the last digit."""

from __future__ import annotations

import os
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from ghost.model.bar import Bar
from ghost.model.changes import Change, Closed, Exited, Expired
from ghost.model.order import begin, step
from ghost.model.plan import Plan
from ghost.model.rules import Rules
from ghost.model.seen import Seen
from ghost.model.state import Order
from tests.support.candle_files import FILES, bars_of
from tests.unit.ghost.plans import random_plan, random_rules
from tests.unit.ghost.slow import Slow, SlowOrder

pytestmark = pytest.mark.deep

#: `make ghost` sets it.
PLANS = int(os.environ.get("GHOST_PLANS", "80"))


def followed(plan: Plan, rules: Rules, bars: list[Bar]) -> tuple[Order, list[Change]]:
    """An order through all of them."""
    order, seen, changes = begin(plan, rules), Seen(), list[Change]()
    for bar in bars:
        sight = seen.look(bar)
        if sight is not None:
            changes += step(order, sight)
        if order.ended_us is not None:
            break
    return order, changes


def as_digits(number: Decimal) -> str:
    """Written as the twin writes it."""
    _, digits, exponent = number.normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    return "0e0" if not number else f"{'-' if number < 0 else ''}{text}e{exponent}"


def exits(changes: list[Change], world: str) -> list[tuple[str, Fraction, Fraction, int]]:
    """What was closed in one of the two."""
    own = [one for one in changes if isinstance(one, Exited) and one.world in ("both", world)]
    return [(one.kind, Fraction(one.price), Fraction(one.fraction), one.at_us) for one in own]


def check(said: Slow, order: Order, changes: list[Change]) -> None:
    assert (said.status, said.filled_us, said.ended_us) == (order.status, order.filled_us, order.ended_us)
    if order.status == "expired":
        assert isinstance(changes[-1], Expired)
    if order.status != "closed":
        return
    assert exits(changes, "worse") == said.worse
    assert exits(changes, "better") == said.better
    closed = changes[-1]
    assert isinstance(closed, Closed)
    result = closed.result
    assert (result.fill_price, result.exit_reason) == (said.fill, said.reason)
    assert {name: as_digits(getattr(result, name)) for name in said.numbers} == said.numbers
    assert (result.pnl_usd is None) is ("pnl_usd" not in said.numbers)


@pytest.mark.parametrize("name", FILES)
def test_random_plans_on_real_candles_end_as_the_slow_twin_says(name: str) -> None:
    rnd, bars = Random(f"plans of {name}"), bars_of(name)
    ended: Counter[str] = Counter()
    for number in range(PLANS // len(FILES)):
        rules = random_rules(rnd)
        plan, later = random_plan(rnd, bars, number)
        order, changes = followed(plan, rules, later)
        check(SlowOrder(plan, rules).follow(later), order, changes)
        ended[order.status] += 1
        ended["two worlds"] += order.better is not None
    assert min(ended["closed"], ended["expired"], ended["two worlds"]) > 0, ended
