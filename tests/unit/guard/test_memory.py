"""What the guard has at hand: no more than windows reach, whatever the names are and however many came by."""

from __future__ import annotations

from datetime import timedelta

from guard.model.memory import Memory
from guard.model.rules import Absent, Burn
from tests.support.guard_core import ABSENT, BURN, START, rules_of, slot

DAY = timedelta(days=1)
RULES = rules_of(burn=BURN.replace('by = "engine"\n', ""), gone=ABSENT.replace('"ws"', '"http"'))


def burn_of(memory: Memory) -> Burn:
    (rule,) = memory.rules.burns
    return rule


def test_names_that_nobody_misses_any_more_take_no_room() -> None:
    memory = Memory(RULES)
    for number in range(100):
        memory.take(slot(START, [1], f"GET /{number}"))
    for rule in memory.rules.rule.values():
        assert isinstance(rule, Burn | Absent)
        assert memory.last_seen(rule)
    memory.forget(START + DAY)
    assert len(memory.seen) == 100
    memory.forget(START + DAY + timedelta(seconds=1))
    assert not memory.seen
    assert not any(memory._concerned.values())
    assert len(list(memory.subjects(burn_of(memory)))) == 100
    memory.forget(START + 3 * DAY + timedelta(minutes=2))
    assert not list(memory.subjects(burn_of(memory)))


def test_what_a_rule_misses_for_longer_is_kept_for_as_long() -> None:
    memory = Memory(rules_of(gone=ABSENT + 'within = "3d"\n'))
    memory.take(slot(START, [1]))
    memory.forget(START + 3 * DAY)
    assert memory.seen


def test_while_the_tape_cannot_be_read_nothing_is_forgotten_for_its_silence() -> None:
    memory = Memory(RULES)
    memory.take(slot(START, [1]))
    memory.read_until = START
    memory.forget(START + 2 * DAY)
    assert memory.seen


def test_a_late_record_makes_no_long_window_known_of() -> None:
    memory = Memory(RULES)
    memory.take(slot(START, [1] * 9, n5xx=9))
    memory.take(slot(START - 10 * DAY, [1]))
    (subject, _), *_ = memory.subjects(burn_of(memory))
    assert memory.sums(burn_of(memory), subject, 3 * DAY, START) == (0, 0)
