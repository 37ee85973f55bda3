"""Burn rates and error budgets, against the numbers that the Google SRE workbook gives in its chapter 5."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.model.burn import PERIOD, budget, burn_rate, spent_by
from guard.model.evaluating import evaluate
from guard.model.findings import Finding
from guard.model.memory import Memory
from guard.model.rules import Rules
from tests.support.guard_core import BURN, START, rules_of

_SUBJECT = "all of ib-1"
#: Requests a minute in what follows: many, so that shares are exact.
_RATE = 60_000
_HOUR, _DAY = 60, 1440
Minutes = Callable[[int], float]


def windows(*pairs: str, objective: float = 99.9, more: str = "") -> Rules:
    """A rule with these windows alone."""
    table = BURN.partition("windows")[0].replace("99.9", f"{objective}")
    return rules_of(budget=f"{table}windows = [{', '.join(pairs)}]\n{more}")


WHOLE = ('[14.4, "1h", "5m"]', '[6, "6h", "30m"]', '[1, "3d", "6h"]')


def findings(
    rules: Rules, bad: Minutes, minutes: int, history: int = 3 * _DAY, rate: int = _RATE
) -> Iterator[Finding]:
    """What a rule finds at the end of each minute after a history without errors. bad: a minute's share of errors."""
    memory = Memory(rules)
    for minute in range(-history, minutes):
        n5xx = round(rate * bad(minute)) if minute >= 0 else 0
        at = START + timedelta(minutes=minute)
        memory.take_counts("budget", _SUBJECT, at, rate - n5xx, n5xx, "ib-1")
        if minute >= 0:
            (found,) = evaluate(rules.rule["budget"], memory, at)
            yield found


def breached(*given: object, **more: object) -> list[int]:
    """The minutes at whose end it is breached, counted from 1."""
    return [place + 1 for place, one in enumerate(findings(*given, **more)) if one.breached]  # type: ignore[arg-type]


@pytest.mark.parametrize(("rate", "days"), [(1, 30), (2, 15), (10, 3), (1000, 0.03)])
def test_how_long_a_budget_lasts(rate: float, days: float) -> None:
    """Its table of burn rates: of 99.9 %, at 0.1 %, 0.2 %, 1 % and 100 % errors; the last lasts 43 minutes."""
    errors = rate * 0.001
    assert burn_rate(99.9, 1_000_000 - round(errors * 1_000_000), round(errors * 1_000_000)) == pytest.approx(
        rate
    )
    assert spent_by(rate, timedelta(days=days)) == pytest.approx(1)


def test_a_complete_outage_uses_the_budget_up_within_43_minutes() -> None:
    assert timedelta(minutes=43) < PERIOD / 1000 < timedelta(minutes=44)


@pytest.mark.parametrize(
    ("rate", "window", "share"), [(14.4, 1, 0.02), (6, 6, 0.05), (1, 72, 0.10), (36, 1, 0.05)]
)
def test_what_a_burn_rate_spends_within_its_window(rate: float, window: int, share: float) -> None:
    """Its recommended parameters: 2 % of 30 days in 1 h, 5 % in 6 h, 10 % in 3 d; and 5 % in 1 h at 36."""
    assert spent_by(rate, timedelta(hours=window)) == pytest.approx(share)


def test_one_failure_at_ten_requests_an_hour_spends_13_9_percent_of_a_month() -> None:
    """Its example of low traffic: an hour of 10 % errors, for one request that failed."""
    assert burn_rate(99.9, 9, 1) == pytest.approx(100)
    month = budget(99.9, 10 * 24 * 30 - 1, 1)
    assert month is not None
    assert month.spent == pytest.approx(0.139, abs=0.0005)


def test_a_complete_outage_is_found_within_a_minute_and_by_all_windows_within_five() -> None:
    """(1 - objective) / errors * window * burn rate: 51.8 s of 14.4, 2 min 10 s of 6, 4 min 19 s of 1."""
    for pair, factor, hours in zip(WHOLE, (14.4, 6, 1), (1, 6, 72), strict=True):
        expected = math.ceil(0.001 / 1.0 * hours * 60 * factor)
        assert breached(windows(pair), lambda _: 1.0, 8)[0] == expected


def test_15_percent_errors_for_ten_minutes_are_found_after_six_and_reset_five_after_their_end() -> None:
    """Its picture of short and long window: 5.76 min to cross the long one, and 5 min until the short one is clear."""
    found = breached(windows(WHOLE[0]), lambda minute: 0.15 if minute < 10 else 0.0, 80)
    assert found[0] == math.ceil(0.001 / 0.15 * 60 * 14.4)
    assert found[-1] in (14, 15)


def test_the_long_window_alone_would_reset_an_hour_after() -> None:
    """Its reason for the short one: after two minutes at 100 %, a burn rate of 36 over 1 h stays for 58 minutes."""
    found = breached(windows('[36, "1h", "59m"]'), lambda minute: 1.0 if minute < 3 else 0.0, 90)
    assert found[-1] - 3 in (57, 58)


def test_a_burn_rate_of_35_is_missed_by_one_of_36_and_found_by_the_three() -> None:
    """It would use up all of 30 days in 20.5 hours."""
    errors = lambda _: 0.035  # noqa: E731
    assert breached(windows('[36, "1h", "5m"]'), errors, 3 * _HOUR) == []
    found = breached(windows(*WHOLE), errors, 3 * _HOUR)
    assert found[0] == pytest.approx(0.001 / 0.035 * 60 * 14.4, abs=2)  # 24.7, in whole minutes
    assert pytest.approx(timedelta(hours=20.57), abs=timedelta(minutes=1)) == PERIOD / 35


def test_a_slow_burn_is_found_by_the_slowest_window_alone() -> None:
    """Three times as fast as it may: after a day, a third of three days."""
    rules = windows(*WHOLE)
    found = breached(rules, lambda _: 0.003, 26 * _HOUR, rate=10_000)
    assert found[0] == pytest.approx(_DAY, abs=3)


def test_a_budget_that_is_spent_as_it_may_be_rings_never() -> None:
    assert breached(windows(*WHOLE), lambda _: 0.001, 2 * _DAY) == []


def test_few_requests_say_nothing() -> None:
    rules = windows(*WHOLE, more="min_count = 200\n")
    hourly = list(findings(rules, lambda _: 1.0, 30, history=60, rate=2))
    assert {one.breached for one in hourly} == {None}


def test_few_bad_ones_are_no_breach_however_large_their_share() -> None:
    rules = windows(*WHOLE, more="min_bad = 10\n")
    assert breached(rules, lambda minute: 1.0 if minute == 5 else 0.0, 30, rate=5) == []


def test_no_measurements_are_no_perfect_score() -> None:
    assert budget(99.9, 0, 0) is None
    assert burn_rate(99.9, 0, 0) is None
    memory = Memory(windows(*WHOLE))
    assert evaluate(memory.rules.rule["budget"], memory, START) == []


def test_what_is_silent_now_is_neither_burning_nor_well() -> None:
    rules = windows(WHOLE[0])
    memory = Memory(rules)
    for minute in range(-120, 0):
        memory.take_counts("budget", _SUBJECT, START + timedelta(minutes=minute), 0, 100, "ib-1")
    (found,) = evaluate(rules.rule["budget"], memory, START + timedelta(minutes=10))
    assert (found.breached, found.well) == (None, False)


def test_a_window_of_which_less_than_half_is_known_says_nothing() -> None:
    """Else a bad quarter of an hour right after the first measurement would be three bad days."""
    assert breached(windows(WHOLE[2]), lambda _: 0.05, 35 * _HOUR, history=0, rate=100) == []
    assert breached(windows(WHOLE[2]), lambda _: 0.05, 37 * _HOUR, history=0, rate=1000)


@given(st.floats(50, 99.999), st.integers(0, 10**12), st.integers(0, 10**12))
def test_what_is_spent_and_what_is_left_are_the_whole_budget(objective: float, good: int, bad: int) -> None:
    found = budget(objective, good, bad)
    assert (found is None) == (good + bad == 0)
    if found is not None:
        assert found.spent + found.left == pytest.approx(1)
        assert found.spent >= 0
        assert (bad > found.allowed) == (found.spent > 1)
