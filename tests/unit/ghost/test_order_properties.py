"""What holds for every order, whatever the market did."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ghost.model.bar import Bar
from ghost.model.changes import Change, Closed, Exited, Filled, Funded
from ghost.model.plan import Plan
from ghost.model.result import Result
from ghost.model.rules import Rules
from tests.unit.ghost.slow import SlowOrder, twelve
from tests.unit.ghost.test_slow_twin import as_digits, check, followed
from tests.unit.ghost.thought_up import RULES, plans, walks

pytestmark = pytest.mark.deep

_PIVOT = Decimal(200)


def in_world(changes: list[Change], world: str) -> list[Exited]:
    return [one for one in changes if isinstance(one, Exited) and one.world in ("both", world)]


@given(plans(), RULES, walks())
def test_thought_up_markets_end_as_the_slow_twin_says(plan: Plan, rules: Rules, bars: list[Bar]) -> None:
    plain = replace(rules, limit_volume=False)
    order, changes = followed(plan, plain, bars)
    check(SlowOrder(plan, plain).follow(bars), order, changes)


@given(plans(), RULES, walks())
def test_no_more_is_closed_than_was_filled(plan: Plan, rules: Rules, bars: list[Bar]) -> None:
    order, changes = followed(plan, rules, bars)
    assert [getattr(change, "seq", None) for change in changes] == list(range(1, len(changes) + 1))
    fills = [one for one in changes if isinstance(one, Filled)]
    assert len(fills) == (order.filled_us is not None)
    for world in ("worse", "better"):
        closed = in_world(changes, world)
        left = 1 - sum(one.fraction for one in closed)
        assert (left == 0) if order.status == "closed" else (left >= 0)
        assert all(one.at_us >= fills[0].at_us and one.fraction > 0 for one in closed)
        assert all(one.rest >= 0 for one in closed)


@given(plans(), RULES, walks(60, bad=False))
def test_what_was_won_is_the_sum_of_its_fills_less_its_fees(
    plan: Plan, rules: Rules, bars: list[Bar]
) -> None:
    order, changes = followed(plan, rules, bars)
    if order.status != "closed":
        return
    closed = changes[-1]
    assert isinstance(closed, Closed)
    sums = [won(plan, rules, changes, world) for world in ("worse", "better")]
    result = closed.result
    assert (as_digits(result.rr_realized or Decimal(0)), as_digits(result.pnl_r or Decimal(0))) == tuple(
        twelve(number) for number in min(sums)
    )
    assert as_digits(result.rr_best or Decimal(0)) == twelve(max(sums)[0])


def won(plan: Plan, rules: Rules, changes: list[Change], world: str) -> tuple[Fraction, Fraction]:
    """In R, before and behind the fees; from the fills alone."""
    filled = next(one for one in changes if isinstance(one, Filled))
    sign = 1 if plan.side == "long" else -1
    fill, risk = Fraction(filled.price), abs(Fraction(filled.price) - Fraction(plan.sl))
    entry_bps = rules.maker_bps if plan.entry_type == "limit" else rules.taker_bps
    gross, fees = Fraction(0), fill * Fraction(entry_bps)
    for one in in_world(changes, world):
        gross += sign * Fraction(one.fraction) * (Fraction(one.price) - fill)
        bps = rules.taker_bps if one.kind == "sl" else rules.maker_bps
        fees += Fraction(one.fraction) * Fraction(one.price) * Fraction(bps)
    assert not [one for one in changes if isinstance(one, Funded)]
    return gross / risk, (gross - fees / 10_000) / risk


@given(plans(), RULES, walks(), walks(10), st.integers(0, 30))
def test_what_comes_later_changes_nothing_before_it(
    plan: Plan, rules: Rules, bars: list[Bar], other: list[Bar], cut: int
) -> None:
    """The tape is cut behind a bar, and goes on otherwise."""
    until = bars[: cut + 1][-1].end_us
    shift = until - other[0].begin_us
    goes_on = [bar._replace(begin_us=bar.begin_us + shift, end_us=bar.end_us + shift) for bar in other]
    _, whole = followed(plan, rules, bars)
    _, short = followed(plan, rules, bars[: cut + 1])
    _, otherwise = followed(plan, rules, bars[: cut + 1] + goes_on)
    assert whole[: len(short)] == short == otherwise[: len(short)]
    later = (*whole[len(short) :], *otherwise[len(short) :])
    assert all(getattr(one, "at_us", until) >= min(until, plan.expires_us) for one in later)


@given(plans(), RULES, walks())
def test_a_short_is_a_long_in_the_mirror(plan: Plan, rules: Rules, bars: list[Bar]) -> None:
    """Prices mirrored at 100; without costs, which are of a price and so are not the same in the mirror."""
    free = replace(rules, taker_bps=Decimal(0), maker_bps=Decimal(0), slippage_bps=Decimal(0))
    one, changes = followed(plan, free, bars)
    other, mirrored = followed(mirror(plan), free, [mirror_bar(bar) for bar in bars])
    assert (one.status, one.filled_us, one.ended_us) == (other.status, other.filled_us, other.ended_us)
    assert len(changes) == len(mirrored)
    if one.status == "closed":
        assert in_r(changes[-1]) == in_r(mirrored[-1])


def mirror(plan: Plan) -> Plan:
    turned = {name: getattr(plan, name) for name in ("sl", "price", "tp1", "tp2")}
    return replace(
        plan,
        side="short" if plan.side == "long" else "long",
        **{name: None if price is None else _PIVOT - price for name, price in turned.items()},
    )


def mirror_bar(bar: Bar) -> Bar:
    return bar._replace(
        open=_PIVOT - bar.open, high=_PIVOT - bar.low, low=_PIVOT - bar.high, close=_PIVOT - bar.close
    )


def in_r(change: Change) -> Result:
    """Without what is a price, or part of one."""
    assert isinstance(change, Closed)
    return replace(change.result, fill_price=None, exit_price=None, pnl_pct=None)


@given(plans(), RULES, walks())
def test_a_bad_bar_does_nothing_but_count(plan: Plan, rules: Rules, bars: list[Bar]) -> None:
    order, changes = followed(plan, rules, bars)
    without, same = followed(plan, rules, [bar for bar in bars if bar.quality != "bad"])
    assert (order.status, order.ended_us) == (without.status, without.ended_us)
    assert changes == same
