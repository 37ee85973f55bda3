"""An engine whose clock is wrong, or whose journal is shipped late: its windows are looked for where it is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.model.check_figures import OF_ENGINES
from guard.model.findings import Checked
from guard.model.lateness import WITHIN, Lateness
from guard.model.slots import SLOT
from guard.rules_file import rules_in_force
from tests.support.guard_core import START, TICK, Guarding, slot

RULES = rules_in_force({})
STALE_MS = [60_000.0] * 5
MINUTE = 6
LATE, AHEAD = "measures-late", "clock-ahead"


def seen(late_s: float, ticks: int, guard: Guarding | None = None, *, tape: bool = True) -> Guarding:
    """An engine of which everything is stale, its clock so far behind. tape: whether it reaches Redis."""
    guard = guard or Guarding(RULES)
    for _ in range(ticks):
        at = guard.now + TICK - timedelta(seconds=late_s)
        if tape:
            guard.take(slot(at, STALE_MS, "SOL", kind="freshness", figure="age_ms"))
        guard.tick()
    return guard


def firing(guard: Guarding) -> set[str]:
    return {rule for (rule, _), one in guard.open.items() if one.state == "firing"}


def told(guard: Guarding) -> list[tuple[str, str]]:
    return [(kind, rule) for _, kind, rule in guard.told]


@pytest.mark.parametrize(("late_s", "rings"), [(0, "freshness"), (40, LATE), (3600, LATE), (-40, AHEAD)])
def test_an_engine_is_watched_or_it_is_said_that_it_is_not(late_s: float, rings: str) -> None:
    assert rings in firing(seen(late_s, 5 * MINUTE))


def test_40_s_behind_no_rule_of_a_short_window_can_say_anything() -> None:
    assert "freshness" not in firing(seen(40, 60 * MINUTE))


@pytest.mark.parametrize(("late_s", "rule"), [(40, LATE), (-40, AHEAD)])
def test_it_rings_once_and_is_over_once(late_s: float, rule: str) -> None:
    guard = seen(0, 1)
    seen(late_s, 20 * MINUTE, guard)
    seen(0, 3 * MINUTE, guard)
    assert [one for one in told(guard) if one[1] == rule] == [("firing", rule), ("resolved", rule)]
    assert [one.subject for one in guard.ended if one.rule == rule] == ["all of ib-1"]


@pytest.mark.parametrize("late_s", [14, -14])
def test_a_few_seconds_are_nothing(late_s: float) -> None:
    assert not {LATE, AHEAD} & firing(seen(late_s, 10 * MINUTE))


def test_a_guard_that_is_begun_anew_goes_on_and_tells_nothing_twice() -> None:
    """It knows nothing until it has read: that is no end, and no second beginning."""
    before = seen(40, 10 * MINUTE)
    after = Guarding(RULES, before.now)
    after.open = before.open
    seen(40, MINUTE, after, tape=False)
    seen(40, 10 * MINUTE, after)
    assert LATE in firing(after)
    assert LATE not in {rule for _, rule in told(after)}


@pytest.mark.parametrize(
    "shared", [Checked("redis_away", "redis", 60.0), Checked("journal_backlog_bytes", "home", 1e9)]
)
def test_what_makes_all_engines_late_is_told_alone(shared: Checked) -> None:
    guard = Guarding(RULES)
    guard.memory.checks = [shared]
    seen(40, 20 * MINUTE, guard)
    assert LATE in firing(guard)
    assert len({rule for _, rule in told(guard)}) == 1
    guard.memory.checks = [Checked(shared.figure, shared.subject, 0.0)]
    seen(40, 5 * MINUTE, guard)
    assert ("firing", LATE) in told(guard)


def of(lateness: Lateness, figure: str) -> list[float | None]:
    return [one.value for one in lateness.checked(START) if one.figure == figure]


def test_a_backlog_that_is_shipped_beside_what_is_new_is_no_clock_behind() -> None:
    lateness = Lateness()
    for number in range(100):
        lateness.take("ib-1", START, START - timedelta(seconds=number))
    assert of(lateness, "measures_late_s") == [0.0]


def test_one_record_of_a_wrong_moment_is_no_clock_ahead() -> None:
    lateness = Lateness()
    for number in range(12):
        lateness.take("ib-1", START - number * SLOT, START - number * SLOT)
    lateness.take("ib-1", START, START + timedelta(hours=1))
    assert of(lateness, "clock_ahead_s") == [0.0]


def test_one_process_of_an_engine_whose_clock_is_ahead_is_enough() -> None:
    lateness = Lateness()
    for number in range(12):
        at = START - number * SLOT
        lateness.take("ib-1", at, at)
        lateness.take("ib-1", at, at + timedelta(seconds=40))
    assert of(lateness, "clock_ahead_s") == [40.0]


def test_each_engine_is_its_own() -> None:
    lateness = Lateness()
    lateness.take("a", START, START - timedelta(seconds=40))
    lateness.take("", START, START)
    assert [one for one in lateness.checked(START) if one.figure == "measures_late_s"] == [
        Checked("measures_late_s", "all of a", 40.0, "a"),
        Checked("measures_late_s", "the engine", 0.0),
    ]
    assert {one.figure for one in lateness.checked(START)} == OF_ENGINES


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(-900, 900)), max_size=30))
def test_what_arrived_before_is_nothing_and_takes_no_room(records: list[tuple[int, int]]) -> None:
    whole, forgetful = Lateness(), Lateness()
    for ago_s, late_s in records:
        at = START - timedelta(seconds=ago_s)
        for one in (whole, forgetful):
            one.take("ib-1", at, at - timedelta(seconds=late_s))
    forgetful.forget(START)
    assert list(forgetful.checked(START)) == list(whole.checked(START))
    forgetful.forget(START + WITHIN + SLOT)
    assert list(forgetful.checked(START - timedelta(days=1))) == []
