"""What is told when: together, again by plan, later after a snooze, not at all beside another that says the same."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from guard.model.findings import Checked
from guard.model.ticking import Message
from tests.support.guard_core import BURN, CHECK, START, THRESHOLD, Guarding, rules_of, slot

BAD, OK = 900.0, 100.0
PERFORMANCE = 'category = "performance"\n'
SOON = THRESHOLD.replace('for = "5m"\n', "")


def subjects(message: Message) -> list[str]:
    return [one.subject for one in message.alerts]


def test_what_fires_about_the_same_time_is_one_message() -> None:
    guard = Guarding(rules_of('gather = "20s"\n', slow=SOON))
    guard.run([BAD], "GET /a")
    guard.run([BAD], "GET /b")
    guard.run([BAD] * 3, "GET /c")
    (message,) = [message for _, message in guard.messages]
    assert subjects(message) == ["GET /a (ib-1)", "GET /b (ib-1)", "GET /c (ib-1)"]


def test_categories_are_told_apart() -> None:
    guard = Guarding(rules_of(slow=SOON + PERFORMANCE, disk=CHECK.replace('for = "1m"\n', "")))
    guard.memory.checks = [Checked("disk_free_pct", "home", 5.0)]
    guard.run([BAD] * 3)
    assert [message.category for _, message in guard.messages] == ["health", "performance"]


def test_it_is_told_again_by_plan_then_daily() -> None:
    guard = Guarding(rules_of('gather = "1s"\nrepeat = ["30m", "2h"]\n', disk=CHECK))
    guard.memory.checks = [Checked("disk_free_pct", "home", 5.0)]
    for _ in range(6 * 60 * 52):
        guard.tick()
    hours = [round((at - START) / timedelta(hours=1), 1) for at, _ in guard.messages]
    assert hours == [0.0, 0.5, 2.5, 26.5, 50.5]


def test_what_is_well_by_the_time_it_would_be_told_is_not_told() -> None:
    guard = Guarding(rules_of('gather = "2m"\n', slow=SOON))
    guard.run([BAD] * 2 + [OK] * 60)
    assert guard.told == []
    assert [one.ended for one in guard.ended] == ["well"]


def test_during_a_snooze_it_is_recorded_and_told_at_its_end_if_it_fires_still() -> None:
    guard = Guarding(rules_of(slow=SOON + PERFORMANCE))
    guard.snoozes = {"performance": START + timedelta(minutes=30)}
    guard.run([BAD] * 190)
    ((at, message),) = guard.messages
    assert at == START + timedelta(minutes=30)
    assert message.alerts[0].fired_at == START + timedelta(seconds=10)


def test_what_was_over_within_a_snooze_is_told_never() -> None:
    guard = Guarding(rules_of(slow=SOON + PERFORMANCE))
    guard.snoozes = {"performance": START + timedelta(hours=1)}
    guard.run([BAD] * 20 + [OK] * 500)
    assert guard.told == []
    assert len(guard.ended) == 1


def test_a_snooze_is_of_its_category_alone() -> None:
    guard = Guarding(rules_of(slow=SOON))
    guard.snoozes = {"performance": START + timedelta(hours=1)}
    guard.run([BAD] * 3)
    assert len(guard.messages) == 1


BURST = SOON.replace("650", "2000")
BESIDE = {"burst": BURST, "slow": SOON + 'unless = ["burst"]\n'}


def test_beside_another_that_says_the_same_it_is_not_told() -> None:
    guard = Guarding(rules_of(**BESIDE))
    guard.run([5000.0] * 30)
    assert {rule for _, _, rule in guard.told} == {"burst"}
    assert {rule for rule, _ in guard.open} == {"burst", "slow"}


def test_once_that_is_over_it_is() -> None:
    guard = Guarding(rules_of(**BESIDE))
    guard.run([5000.0] * 30 + [BAD] * 60)
    assert [(kind, rule) for _, kind, rule in guard.told] == [
        ("firing", "burst"),
        ("firing", "slow"),
        ("resolved", "burst"),
    ]


def test_of_another_subject_it_is_told() -> None:
    guard = Guarding(rules_of(**BESIDE))
    for _ in range(20):
        guard.take(slot(guard.now, [5000.0] * 20, "GET /a"), slot(guard.now, [BAD] * 20, "GET /b"))
        guard.tick()
    assert {
        (rule, one.subject) for _, message in guard.messages for one in message.alerts for rule in [one.rule]
    } == {
        ("burst", "GET /a (ib-1)"),
        ("slow", "GET /b (ib-1)"),
    }


def test_a_whole_engine_is_beside_its_parts_and_beside_no_other_engine() -> None:
    guard = Guarding(rules_of(burst=BURST + 'by = "engine"\n', slow=BESIDE["slow"]))
    for _ in range(20):
        guard.take(slot(guard.now, [5000.0] * 20, "GET /a", engine="a"))
        guard.take(slot(guard.now, [BAD] * 20, "GET /a", engine="b"))
        guard.tick()
    told = {(one.rule, one.engine) for _, message in guard.messages for one in message.alerts}
    assert told == {("burst", "a"), ("slow", "b")}


@pytest.mark.parametrize(
    ("minutes", "told"), [(20, ["errors", "errors"]), (45, ["errors", "errors", "budget"])]
)
def test_what_looks_back_is_told_only_if_it_lasts_half_an_hour_longer(minutes: int, told: list[str]) -> None:
    """Ten bad minutes: the hour behind is spent for as long, and nobody needs to hear of it again."""
    errors = SOON.replace("p95", "share_5xx").replace('"ms"', '"%"').replace("450", "1").replace("650", "2")
    budget = BURN.partition("windows")[0] + 'windows = [[14.4, "2h", "1h"]]\nunless = ["errors"]\n'
    guard = Guarding(rules_of('gather = "1s"\nrepeat = ["30m"]\n', errors=errors, budget=budget))
    for tick in range(360 + 60 + 6 * minutes):
        failed = 20 if 360 <= tick < 420 else 0
        guard.take(slot(guard.now, [OK] * 20, n5xx=failed))
        guard.tick()
    assert [rule for _, _, rule in guard.told] == told


def test_a_snoozed_one_keeps_no_other_from_being_told() -> None:
    guard = Guarding(rules_of(burst=BURST + PERFORMANCE, slow=BESIDE["slow"]))
    guard.snoozes = {"performance": START + timedelta(hours=1)}
    guard.run([5000.0] * 10)
    assert {rule for _, _, rule in guard.told} == {"slow"}


def test_a_message_has_the_same_key_whenever_it_is_made_and_another_when_told_again() -> None:
    guard = Guarding(rules_of('gather = "1s"\nrepeat = ["5m"]\n', slow=SOON))
    guard.run([BAD] * 40)
    first, second = (message for _, message in guard.messages)
    again = msgspec.json.decode(msgspec.json.encode(first), type=Message)
    assert again.key == first.key
    assert first.key != second.key
    assert first.key.startswith("guard:firing:")
