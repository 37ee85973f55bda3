"""When an alert fires, and when it is over: by tables of what was measured, ten seconds at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.guard_core import CHECK, START, THRESHOLD, Guarding, rules_of, slot

OK, MID, BAD = 100.0, 640.0, 900.0
_MINUTE = 6


def guarding(plan: str = 'gather = "1s"\n', rule: str = THRESHOLD) -> Guarding:
    return Guarding(rules_of(plan, slow=rule))


def test_it_fires_after_five_minutes_of_breach_and_not_before() -> None:
    guard = guarding()
    guard.run([BAD] * 30)
    assert guard.told == []
    assert [one.state for one in guard.open.values()] == ["pending"]
    guard.run([BAD] * 3)
    assert guard.told == [(320.0, "firing", "slow")]


def test_it_is_since_the_breach_began_not_since_it_fired() -> None:
    guard = guarding()
    guard.run([BAD] * 33)
    (alert,) = guard.open.values()
    assert (alert.since - START, alert.fired_at) == (timedelta(seconds=10), START + timedelta(seconds=310))


def test_a_single_good_minute_begins_it_anew() -> None:
    guard = guarding()
    guard.run([BAD] * 24 + [OK] * 12 + [BAD] * 24)
    assert guard.told == []


def test_it_is_over_after_five_minutes_of_being_well() -> None:
    guard = guarding()
    guard.run([BAD] * 40 + [OK] * 50)
    (over,) = guard.ended
    assert [kind for _, kind, _ in guard.told] == ["firing", "resolved"]
    assert over.ended == "well"
    assert over.well_since is not None
    assert over.resolved_at is not None
    assert over.resolved_at - over.well_since == timedelta(minutes=5)


def test_at_the_border_it_neither_fires_nor_ends() -> None:
    """Just above and just below in turn, every minute: no breach lasts; and once it fires, just below is not well."""
    guard = guarding()
    trembling = ([660.0] * 8 + [640.0] * 8) * 30
    guard.run(trembling)
    assert guard.told == []
    guard.run([BAD] * 40)
    assert [kind for _, kind, _ in guard.told] == ["firing"]
    guard.run(trembling)
    assert {kind for _, kind, _ in guard.told} == {"firing"}
    assert not guard.ended


def test_just_below_the_limit_is_not_well_however_long() -> None:
    guard = guarding()
    guard.run([BAD] * 40 + [MID] * 360)
    assert not guard.ended
    guard.run([584.0] * 50)
    assert [one.ended for one in guard.ended] == ["well"]


def test_being_well_must_be_seen_without_a_gap_too() -> None:
    guard = guarding()
    guard.run([BAD] * 40 + [OK] * 20 + [None] * 60 + [OK] * 25)
    assert not guard.ended
    guard.run([OK] * 10)
    assert [one.ended for one in guard.ended] == ["well"]


def test_the_limit_itself_is_no_breach() -> None:
    guard = Guarding(rules_of(slow=THRESHOLD.replace('"p95"', '"worst"')))
    guard.run([650.0] * 60)
    assert not guard.open


def test_too_few_measurements_say_nothing() -> None:
    guard = guarding()
    guard.run([BAD] * 60, each=1)
    assert guard.told == []
    (finding,) = guard.tick().findings["slow"]
    assert finding.breached is None
    assert 0 < finding.n < 10


def test_a_short_gap_of_measurement_is_no_break() -> None:
    guard = guarding()
    guard.run([BAD] * 15 + [None] * 9 + [BAD] * 9)
    assert [kind for _, kind, _ in guard.told] == ["firing"]


def test_a_long_one_is() -> None:
    """What was pending is withdrawn: it was not seen to last."""
    guard = guarding()
    guard.run([BAD] * 15 + [None] * 20)
    assert not guard.open
    guard.run([BAD] * 20)
    assert guard.told == []


def test_what_fires_does_not_end_because_nothing_is_measured() -> None:
    guard = guarding()
    guard.run([BAD] * 40 + [None] * 120)
    assert [kind for _, kind, _ in guard.told] == ["firing"]


def test_after_an_hour_of_nothing_it_ends_and_says_that_it_is_not_known_to_be_well() -> None:
    guard = guarding()
    guard.run([BAD] * 40 + [None] * 400)
    assert [one.ended for one in guard.ended] == ["gone"]
    assert [kind for _, kind, _ in guard.told] == ["firing", "resolved"]


def test_what_arrives_late_counts_where_it_belongs() -> None:
    """Four minutes that come all at once, a little later, are no breach of now."""
    guard = guarding()
    late = [slot(guard.now + timedelta(seconds=10 * at), [BAD] * 20) for at in range(24)]
    guard.run([None] * 60)
    guard.take(*late)
    guard.run([OK] * 30)
    assert guard.told == []


def test_it_may_come_half_a_minute_late_all_the_time() -> None:
    guard = guarding()
    for _ in range(40):
        guard.take(slot(guard.now - timedelta(seconds=30), [BAD] * 20))
        guard.tick()
    assert [kind for _, kind, _ in guard.told] == ["firing"]


@pytest.mark.parametrize("jump", [timedelta(minutes=6), timedelta(hours=3), timedelta(days=400)])
def test_a_clock_that_jumps_ahead_makes_nothing_fire(jump: timedelta) -> None:
    guard = guarding()
    guard.run([BAD] * 10)
    guard.now += jump
    guard.run([BAD] * 25)
    assert guard.told == []
    guard.run([BAD] * 10)
    assert [kind for _, kind, _ in guard.told] == ["firing"]


@pytest.mark.parametrize("jump", [timedelta(minutes=1), timedelta(hours=3), timedelta(days=400)])
def test_a_clock_that_is_set_back_loses_no_alert(jump: timedelta) -> None:
    guard = guarding()
    guard.run([BAD] * 10)
    guard.now -= jump
    guard.run([BAD] * 34)
    assert [kind for _, kind, _ in guard.told] == ["firing"]


def test_and_what_fires_is_told_again_by_plan_after_it() -> None:
    guard = guarding('gather = "1s"\nrepeat = ["10m"]\n')
    guard.run([BAD] * 40)
    guard.now -= timedelta(days=1)
    guard.run([BAD] * 62)
    assert [one.told for _, message in guard.messages for one in message.alerts] == [1, 2]


def test_a_guard_that_was_away_fires_later_but_fires() -> None:
    guard = guarding()
    guard.run([BAD] * 20)
    guard.tick(timedelta(minutes=10))
    guard.run([BAD] * 34)
    assert [kind for _, kind, _ in guard.told] == ["firing"]


def test_a_rule_without_a_for_fires_at_once() -> None:
    guard = guarding(rule=THRESHOLD.replace('for = "5m"\n', ""))
    guard.run([BAD] * 2)
    assert guard.told == [(20.0, "firing", "slow")]


def test_a_rule_that_is_gone_from_the_file_ends_its_alerts() -> None:
    guard = guarding()
    guard.run([BAD] * 40)
    guard.rules = rules_of(disk=CHECK)
    guard.tick()
    assert [one.ended for one in guard.ended] == ["rule"]
    assert not guard.open


def test_subjects_are_told_apart_by_name_and_engine() -> None:
    guard = guarding()
    for _ in range(40):
        guard.take(slot(guard.now, [BAD] * 20, engine="ib-1"), slot(guard.now, [OK] * 20, engine="ib-2"))
        guard.tick()
    assert [subject for _, subject in guard.open] == ["GET /a (ib-1)"]


def test_several_processes_of_an_engine_are_one_subject() -> None:
    guard = guarding()
    for _ in range(40):
        guard.take(slot(guard.now, [BAD] * 5), slot(guard.now, [BAD] * 5))
        guard.tick()
    (alert,) = guard.open.values()
    assert alert.state == "firing"
