"""Bars of several lengths of one symbol: the finer ones decide, the coarse one adds what they did not tell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ghost.model.bar import Bar
from ghost.model.changes import Change, Closed, Exited, Filled
from ghost.model.plan import EntryType, Plan, plan_of
from ghost.model.result import Result
from ghost.model.rules import Rules
from ghost.model.seen import Seen
from ghost.model.sights import Sight
from tests.unit.ghost.by_hand import bar as minute_of
from tests.unit.ghost.test_rules_by_hand import DOC
from tests.unit.ghost.test_slow_twin import followed
from tests.unit.ghost.thought_up import MINUTE_US, RULES, START_US, bar_of, plans, walks

HOLDS = Rules()


def minute(place: int, *prices: int, minutes: int = 1, **changes: Any) -> Bar:
    """A bar that begins so many minutes behind the start."""
    return bar_of(START_US + place * MINUTE_US, tuple(map(Decimal, prices)), minutes, **changes)


def long_plan(entry: int | None = 100, sl: int = 95, tp: int = 105, kind: EntryType = "limit") -> Plan:
    plan = plan_of(
        order_id="order",
        symbol="SOL",
        side="long",
        published_us=START_US,
        expires_us=START_US + 30 * MINUTE_US,
        sl=Decimal(sl),
        entry_type=kind,
        entry=None if entry is None else Decimal(entry),
        tp1=Decimal(tp),
    )
    assert isinstance(plan, Plan)
    return plan


def told(changes: list[Change]) -> list[tuple[str, str, float, int]]:
    """Fills and exits: what, in which world, at what price, in which minute it was known."""
    found = []
    for one in changes:
        if isinstance(one, Filled):
            found.append(("fill", "both", float(one.price), (one.at_us - START_US) // MINUTE_US))
        elif isinstance(one, Exited):
            found.append((one.kind, one.world, float(one.price), (one.at_us - START_US) // MINUTE_US))
    return found


def test_minutes_decide_what_five_minutes_leave_open() -> None:
    """Five minutes reach stop and target: two worlds. The same as minutes: the target came first."""
    fill = minute(0, 101, 99)
    minutes = [fill, minute(1, 100, 103), minute(2, 103, 106), minute(3, 104, 94), minute(4, 94, 96)]
    five = minute(1, 100, 106, 94, 96, minutes=5)
    assert told(followed(long_plan(), HOLDS, [fill, five])[1])[1:] == [
        ("sl", "worse", 95, 6),
        ("tp1", "better", 105, 6),
    ]
    assert told(followed(long_plan(), HOLDS, [*minutes, minute(0, 101, 106, 94, 96, minutes=5)])[1])[1:] == [
        ("tp1", "both", 105, 3)
    ]


FILLED = "102 103 99 101"
OF_THE_PAGE = [
    ([(0, 1, "101 101 99 99"), (1, 1, "99 112 98 111"), (0, 2, "101 112 98 111")], ["tp1 both"]),
    ([(0, 2, "101 112 98 111")], ["tp1 better"]),
    ([(0, 1, "102 103 101 103"), (1, 1, "103 103 99 99"), (0, 2, "102 103 94 99")], ["sl worse"]),
    (
        [(0, 1, FILLED), (1, 1, "100 101 100 101"), (2, 1, "101 102 101 102"), (1, 2, "100 102 94 102")],
        ["sl both"],
    ),
]


@pytest.mark.parametrize(("tape", "ends"), OF_THE_PAGE)
def test_the_examples_of_the_page(tape: list[tuple[int, int, str]], ends: list[str]) -> None:
    assert all(f"`{text}`" in DOC for _, _, text in tape)
    bars = [
        minute_of(place, text, end_us=START_US + (place + minutes) * MINUTE_US)
        for place, minutes, text in tape
    ]
    found = told(followed(long_plan(tp=110), HOLDS, bars)[1])
    assert [f"{kind} {world}" for kind, world, *_ in found] == ["fill both", *ends]


def test_a_coarse_bar_that_went_no_farther_says_nothing() -> None:
    minutes = [minute(0, 101, 103), minute(1, 103, 101)]
    seen = Seen()
    assert all(seen.look(bar) for bar in minutes)
    assert seen.look(minute(0, 101, 103, 101, minutes=2)) is None
    assert (seen.late, seen.bad) == (0, 0)


def test_what_a_coarse_bar_adds_is_certain_for_a_position_that_was_open_before_it() -> None:
    bars = [minute(0, 101, 99), minute(1, 100, 101), minute(2, 101, 102), minute(1, 100, 94, 102, minutes=2)]
    assert told(followed(long_plan(), HOLDS, bars)[1])[1:] == [("sl", "both", 95, 3)]


def test_it_leaves_two_worlds_for_a_position_that_was_filled_within_it() -> None:
    """Where 94 was seen, before the fill or behind it, nobody knows; in the better world the target comes later."""
    bars = [minute(0, 102, 103), minute(1, 103, 99), minute(0, 102, 94, 103, minutes=2), minute(2, 100, 106)]
    assert told(followed(long_plan(), HOLDS, bars)[1]) == [
        ("fill", "both", 100, 2),
        ("sl", "worse", 95, 2),
        ("tp1", "better", 105, 3),
    ]


def test_a_target_that_only_the_coarse_bar_saw_leaves_two_worlds_as_well() -> None:
    bars = [minute(0, 102, 103), minute(1, 103, 99), minute(0, 102, 106, 99, minutes=2), minute(2, 100, 94)]
    assert told(followed(long_plan(), HOLDS, bars)[1]) == [
        ("fill", "both", 100, 2),
        ("tp1", "better", 105, 2),
        ("sl", "worse", 95, 3),
    ]


def test_it_fills_an_order_that_waited_all_the_time() -> None:
    bars = [minute(0, 102, 103), minute(1, 103, 101), minute(0, 102, 99, 103, minutes=2)]
    assert told(followed(long_plan(), HOLDS, bars)[1]) == [("fill", "both", 100, 2)]


def test_it_says_nothing_certain_of_how_far_a_position_went_that_was_filled_within_it() -> None:
    """Filled with the first minute, behind 97; the two minutes say 96 and 104, before the fill or behind it."""
    bars = [
        minute(0, 102, 97, 99),
        minute(1, 99, 101),
        minute(0, 102, 96, 104, 101, minutes=2),
        minute(2, 101, 106),
    ]
    result = closed(followed(long_plan(), HOLDS, bars)[1])
    assert (result.mfe_r, result.mae_r) == (Decimal(1), Decimal("-0.6"))
    before = [
        minute(0, 102, 97, 99),
        minute(1, 99, 101),
        minute(2, 101, 100),
        minute(1, 99, 96, 101, minutes=2),
    ]
    result = closed(followed(long_plan(), HOLDS, [*before, minute(3, 101, 106)])[1])
    assert result.mae_r == Decimal("-0.8"), "certain for one that was open before it"


def test_a_minute_within_it_is_within_it() -> None:
    """Filled at the end of the first of two minutes."""
    bars = [minute(0, 102, 99), minute(1, 99, 101), minute(0, 102, 94, 101, minutes=2), minute(2, 101, 106)]
    assert told(followed(long_plan(), HOLDS, bars)[1])[1:] == [
        ("sl", "worse", 95, 2),
        ("tp1", "better", 105, 3),
    ]


def test_bars_that_were_seen_behind_its_span_belong_to_it() -> None:
    """Two minutes come when the third is here already, which reached the target: before the entry, or behind it."""
    bars = [minute(0, 102, 103), minute(1, 103, 101), minute(2, 101, 106), minute(0, 102, 99, 103, minutes=2)]
    assert told(followed(long_plan(), HOLDS, bars)[1]) == [
        ("fill", "both", 100, 3),
        ("tp1", "better", 105, 3),
    ]


def closed(changes: list[Change]) -> Result:
    last = changes[-1]
    assert isinstance(last, Closed)
    return last.result


def test_a_coarse_bar_that_begins_before_the_plan_is_not_seen() -> None:
    bars = [minute(0, 102, 103), minute(1, 103, 101), minute(-1, 102, 99, 103, minutes=3)]
    assert told(followed(long_plan(), HOLDS, bars)[1]) == []


def test_a_bar_that_comes_late_is_passed_over_and_counted() -> None:
    seen = Seen()
    assert seen.look(minute(5, 100, 101)) == Sight(minute(5, 100, 101))
    assert seen.look(minute(4, 100, 90)) is None
    assert seen.look(minute(5, 100, 90)) is None, "the same minute once more"
    assert (seen.late, seen.until_us) == (2, START_US + 6 * MINUTE_US)


def test_one_that_reaches_half_into_another_is_late() -> None:
    seen = Seen()
    assert seen.look(minute(0, 100, 101, minutes=2))
    assert seen.look(minute(1, 100, 90, minutes=5)) is None
    assert seen.late == 1


def test_the_same_coarse_bar_twice_adds_nothing_twice() -> None:
    seen = Seen()
    for bar in (minute(0, 102, 103), minute(1, 103, 101)):
        seen.look(bar)
    assert seen.look(minute(0, 102, 99, 103, minutes=2))
    assert seen.look(minute(0, 102, 99, 103, minutes=2)) is None
    assert seen.late == 0


@pytest.mark.parametrize(("length", "days"), [(1, 0.1), (5, 0.3), (15, 0.5), (60, 2), (240, 3), (1440, 6)])
def test_a_candle_of_any_usual_length_is_known_to_tell_nothing_new(length: int, days: float) -> None:
    """Seconds (minutes, for long ones): what is remembered of them is put together, and stays exact."""
    step_us = 1_000_000 if length < 60 else MINUTE_US
    seen, most = Seen(), 0
    prices = [Decimal(100 + (place * 7919) % 101) for place in range(int(days * 86_400_000_000) // step_us)]
    first = START_US // (86_400_000_000) * 86_400_000_000
    per = length * MINUTE_US // step_us
    for place, price in enumerate(prices):
        begins = first + place * step_us
        seen.look(Bar("SOL", begins, begins + step_us, price, price, price, price))
        most = max(most, len(seen.spans))
        if place >= per and place % per == 1:
            part = prices[place - 1 - per : place - 1]
            ends = part[0], max(part), min(part), part[-1]
            whole = Bar("SOL", begins - (per + 1) * step_us, begins - step_us, *ends)
            assert seen.look(whole) is None, "two bars behind its end"
            assert seen.late == 0
            assert copied(seen).look(whole._replace(low=min(part) - 1)) is not None
    assert most <= 111


def copied(seen: Seen) -> Seen:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(seen), type=Seen)


@given(plans(), RULES, walks(bad=False), st.integers(2, 7))
def test_coarse_bars_behind_all_of_their_finer_ones_change_nothing(
    plan: Plan, rules: Rules, bars: list[Bar], length: int
) -> None:
    every = length * MINUTE_US
    tape: list[Bar] = []
    for begin_us in sorted({bar.begin_us // every * every for bar in bars}):
        span = [bar for bar in bars if begin_us <= bar.begin_us < begin_us + every]
        tape += [*span, joined(span)._replace(begin_us=begin_us, end_us=begin_us + every)]
    plain = replace(rules, limit_volume=False)
    order, changes = followed(plan, plain, bars)
    other, same = followed(plan, plain, tape)
    assert (order, changes) == (other, same)


TICKS = st.lists(st.sampled_from((-1, 1)), min_size=10, max_size=120)


@given(plans(most_minutes=60), TICKS, st.integers(2, 10))
def test_what_really_happened_lies_between_the_two_worlds_of_a_coarser_bar(
    plan: Plan, ticks: list[int], length: int
) -> None:
    """A price that moves by one at a time is followed move by move, and once more in bars of several moves."""
    aligned = plan_at(plan, START_US, START_US + len(ticks) * length * MINUTE_US)
    fine, price = [], 100
    for place, move in enumerate(ticks):
        fine.append(minute(place, price, price + move))
        price += move
    coarse = [joined(fine[place : place + length]) for place in range(0, len(fine) - length + 1, length)]
    exact, changes = followed(aligned, HOLDS, fine[: len(coarse) * length])
    order, wide = followed(aligned, HOLDS, coarse)
    assert (exact.filled_us is None) is (order.filled_us is None)
    if changes and isinstance(changes[-1], Closed) and wide and isinstance(wide[-1], Closed):
        real, between = changes[-1].result, wide[-1].result
        assert real.rr_realized == real.rr_best
        assert between.rr_realized is not None
        assert between.rr_realized <= (real.rr_realized or 0) <= (between.rr_best or 0)


def plan_at(plan: Plan, published_us: int, expires_us: int) -> Plan:
    return replace(plan, published_us=published_us, expires_us=expires_us)


def joined(bars: list[Bar]) -> Bar:
    high, low = max(bar.high for bar in bars), min(bar.low for bar in bars)
    return bars[0]._replace(end_us=bars[-1].end_us, high=high, low=low, close=bars[-1].close)
