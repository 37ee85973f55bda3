"""A day with all the noise of a small engine: nothing rings that should not, and each fault rings its own alert."""

from __future__ import annotations

from datetime import timedelta

import pytest

from guard.model.slots import SLOT
from guard.rules_file import rules_in_force
from tests.attack.effort import TIMES
from tests.support.guard_core import Guarding
from tests.support.guard_day import DAY, SYMBOLS, Day, Drawn, Fault

pytestmark = pytest.mark.deep

RULES = rules_in_force({})
#: When a fault begins: in the morning, with load.
FAULT = timedelta(hours=10)
#: Whole days: one in `make test`, and as many as there are times the examples in `make attack`.
SEEDS = (530233741, *range(7, 6 + TIMES))
_HOUR = 360


def guarded(day: Day, every: int = 1) -> Guarding:
    """A guard that has seen all of it. every: how many times ten seconds lie between its looks at the rules."""
    guard = Guarding(RULES, DAY + day.first * SLOT)
    for number, (at, arrived) in enumerate(day.arrivals(), start=1):
        assert at == guard.now + SLOT
        guard.take(*arrived)
        if number % every:
            guard.now = at
        else:
            guard.tick()
    return guard


def told(guard: Guarding, kind: str) -> list[tuple[timedelta, str, str]]:
    """What is told: how long after the fault's beginning, the rule, whom it is about."""
    return [
        (at - DAY - FAULT, one.rule, one.subject.removesuffix(" (ib-1)"))
        for at, message in guard.messages
        for one in message.alerts
        if message.kind == kind and (kind == "resolved" or one.told == 1)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_of_noise_rings_nothing(seed: int) -> None:
    """Load by the hour, a twentieth of it at night; restarts, bursts of slowness, errors and 429, gaps, late ones."""
    guard = guarded(Day(seed))
    assert guard.told == []
    assert not [one for one in guard.open.values() if one.state == "firing"]


def _during(minutes: float) -> tuple[timedelta, timedelta]:
    return FAULT, FAULT + timedelta(minutes=minutes)


def slow(drawn: Drawn, at: timedelta) -> None:
    """Every answer takes five times as long, for six minutes."""
    begin, end = _during(6)
    drawn.slow = 5.0 if begin <= at < end else drawn.slow


def limited(drawn: Drawn, at: timedelta) -> None:
    """A client storms: four times the load, a quarter of it is turned away, for fifteen minutes."""
    begin, end = _during(15)
    if begin <= at < end:
        drawn.share_429, drawn.more_load = 0.25, 4.0


def failing(drawn: Drawn, at: timedelta) -> None:
    """Every fifth request fails for a quarter of an hour."""
    begin, end = _during(15)
    drawn.share_5xx = 0.2 if begin <= at < end else drawn.share_5xx


def frozen(drawn: Drawn, at: timedelta) -> None:
    """Prices do not move on for eight minutes."""
    begin, end = _during(8)
    drawn.stale_ms = (at - begin) / timedelta(milliseconds=1) if begin <= at < end else 0.0


def dead(drawn: Drawn, at: timedelta) -> None:
    """One websocket is dead for ten minutes."""
    begin, end = _during(10)
    drawn.dead_channels = ("orderflow",) if begin <= at < end else ()


def down(drawn: Drawn, at: timedelta) -> None:
    """Nothing is measured for ten minutes."""
    begin, end = _during(10)
    drawn.silent = drawn.silent or begin <= at < end


def behind(drawn: Drawn, at: timedelta) -> None:
    """The engine's clock is 40 s behind for ten minutes, while its prices do not move on."""
    begin, end = _during(10)
    if begin <= at < end:
        drawn.at -= timedelta(seconds=40)
        drawn.stale_ms = (at - begin) / timedelta(milliseconds=1)


def ahead(drawn: Drawn, at: timedelta) -> None:
    """The engine's clock is 40 s ahead for ten minutes."""
    begin, end = _during(10)
    drawn.at += timedelta(seconds=40) if begin <= at < end else timedelta()


_SLOW = {("rest-p95", "GET /api/klines"), ("rest-p95", "GET /api/screener")}
_SIGNAL = "GET /api/signal/<symbol>"
#: What must be told, within how many minutes.
FAULTS: list[tuple[Fault, set[tuple[str, str]], float]] = [
    (slow, _SLOW | {("signal-p95", _SIGNAL)}, 6),
    (limited, {("error-rate-429", name) for name in ("GET /api/klines", "GET /api/screener", _SIGNAL)}, 6),
    (failing, {("errors-burst", name) for name in ("GET /api/klines", _SIGNAL)}, 2),
    (frozen, {("freshness", name) for name in SYMBOLS}, 4),
    (dead, {("ws-missing", "orderflow")}, 4),
    (down, {("measures-missing", "all of ib-1")}, 2.5),
    (behind, {("measures-late", "all of ib-1")}, 5),
    (ahead, {("clock-ahead", "all of ib-1")}, 5),
]


@pytest.mark.parametrize(("fault", "alerts", "minutes"), FAULTS, ids=[one.__name__ for one, _, _ in FAULTS])
def test_a_fault_rings_its_alert_within_its_time_and_no_other(
    fault: Fault, alerts: set[tuple[str, str]], minutes: float
) -> None:
    first = int(FAULT / SLOT) - _HOUR
    guard = guarded(Day(7, fault=fault, first=first, slots=_HOUR + _HOUR // 2 + _HOUR // 4))
    firing = told(guard, "firing")
    rung = {(rule, subject) for at, rule, subject in firing if at <= timedelta(minutes=minutes)}
    assert rung == alerts
    assert {rule for _, rule, _ in firing} == {rule for rule, _ in alerts}
    assert alerts <= {(rule, subject) for _, rule, subject in told(guard, "resolved")}


def trickle(drawn: Drawn, _at: timedelta) -> None:
    """1.15 % of all requests fail, all day: too few for any rule of minutes."""
    drawn.share_5xx = 0.0115


def test_a_trickle_of_errors_rings_once_it_can_be_called_a_days() -> None:
    guard = guarded(Day(7, fault=trickle, slots=13 * _HOUR), every=6)
    ((at, rule, subject),) = told(guard, "firing")
    assert (rule, subject) == ("errors-day", "all of ib-1")
    assert timedelta(hours=12) <= at + FAULT <= timedelta(hours=12, minutes=10)


def test_a_trickle_after_three_good_days_burns_the_budget() -> None:
    """3 % of the requests, in the week's quiet hours: below no rule's count in minutes, above the budget in hours."""
    guard = Guarding(RULES)
    for minute in range(-3 * 1440, 0):
        guard.memory.take_counts(
            "error-budget", "all of ib-1", guard.now + timedelta(minutes=minute), 20, 0, "ib-1"
        )
    for minute in range(36 * 60):
        bad = 2 if minute % 2 else 0
        guard.memory.take_counts("error-budget", "all of ib-1", guard.now, 20 - bad, bad, "ib-1")
        guard.tick(timedelta(minutes=1))
    (at, _, rule) = guard.told[0]
    assert rule == "error-budget"
    assert timedelta(hours=14) < timedelta(seconds=at) < timedelta(hours=15)
