"""The run that fires every alert for real: each rule has its fault, and what is late or missing is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from guard.rules_file import rules_in_force
from tests.chaos.guard.fault import Fault, Found, ends_in_a_run, fires_within, note, untold, wrong
from tests.chaos.guard.script import faults_of
from tests.chaos.guard.world import World

RULES = rules_in_force({}).rule
BEGAN = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


def fault() -> Fault:
    one = Fault(name="slow", fires={"signal-p95": "ib-1"}, begin=lambda: None, heal=lambda: None)
    one.began_at = BEGAN
    return one


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_every_shipped_rule_has_a_fault() -> None:
    faults = faults_of(object.__new__(World))
    assert {name for one in faults for name in one.fires} == RULES.keys()


def test_only_windows_of_hours_do_not_end_in_the_run() -> None:
    lasting = {name for name, rule in RULES.items() if not ends_in_a_run(rule)}
    assert lasting == {"errors-day", "error-budget", "latency-budget"}


def test_an_alert_in_time_that_ends_in_time_is_well() -> None:
    one = fault()
    note(one, [Found("signal-p95", "GET /a (ib-1)", after(370), None)])
    one.healed_at = after(380)
    note(one, [Found("signal-p95", "GET /a (ib-1)", after(370), after(720))])
    assert list(wrong(one, RULES)) == []


def test_what_is_late_or_missing_is_said() -> None:
    one = fault()
    assert list(wrong(one, RULES)) == ["slow: signal-p95 did not fire"]
    late_s = fires_within(RULES["signal-p95"]).total_seconds() + 1
    note(one, [Found("signal-p95", "GET /a (ib-1)", after(late_s), None)])
    assert "fired after" in next(wrong(one, RULES))
    one = fault()
    note(one, [Found("signal-p95", "GET /a (ib-1)", after(300), None)])
    assert list(wrong(one, RULES)) == ["slow: signal-p95 did not end"]


def test_an_alert_that_nobody_was_told_of_is_said() -> None:
    gather = timedelta(seconds=20)
    quiet = Found("postgres-away", "postgres", after(0), after(600))
    assert list(untold([quiet], RULES, gather)) == [
        "postgres-away, postgres: fired at 03:00:00 and was never told"
    ]
    muted = Found("errors-day", "all of ib-1", after(0), after(600))
    told = Found("postgres-away", "postgres", after(0), after(600), 1)
    assert list(untold([muted, told, Found("disk", "x", after(0), None)], RULES, gather)) == []


def test_an_alert_of_another_engine_or_of_before_is_another_one() -> None:
    one = fault()
    note(one, [Found("signal-p95", "GET /a (ib-2)", after(300), None)])
    note(one, [Found("signal-p95", "GET /a (ib-1)", after(-300), after(-200))])
    assert one.fired == {}
