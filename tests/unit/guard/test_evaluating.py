"""What a rule comes to: whom it is about, what is too little, what is absent, what is not of now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from guard.model.evaluating import evaluate
from guard.model.findings import Checked, Finding
from guard.model.memory import Memory
from tests.support.guard_core import ABSENT, CHECK, START, THRESHOLD, rules_of, slot

SHARE = (
    THRESHOLD.replace("p95", "share_5xx").replace('"ms"', '"%"').replace("450", "1").replace("650", "2")
    + "min_bad = 5\n"
)
MISSING = ABSENT.replace('of = "ws"', 'of = "http"')


def memory_of(**tables: str) -> Memory:
    return Memory(rules_of(**tables))


def found(memory: Memory, name: str, after_s: float = 10) -> list[Finding]:
    return evaluate(memory.rules.rule[name], memory, START + timedelta(seconds=after_s))


def test_names_are_taken_by_glob_and_left_out_by_glob() -> None:
    memory = memory_of(slow=THRESHOLD + 'names = ["GET *"]\nexcept = ["* /b"]\n')
    for name in ("GET /a", "GET /b", "POST /a"):
        memory.take(slot(START, [100.0] * 20, name))
    assert [one.subject for one in found(memory, "slow")] == ["GET /a (ib-1)"]


def test_a_kind_and_a_figure_are_their_own() -> None:
    memory = memory_of(slow=THRESHOLD)
    memory.take(slot(START, [100.0] * 20, kind="ws", figure="rtt_ms"))
    assert found(memory, "slow") == []


@pytest.mark.parametrize(("bad", "breached"), [(0, False), (4, False), (5, True)])
def test_a_share_needs_some_bad_requests_to_be_a_breach(bad: int, breached: bool) -> None:
    """4 of 20 are 20 %, and yet only four."""
    memory = memory_of(errors=SHARE)
    memory.take(slot(START, [100.0] * 20, n5xx=bad))
    (one,) = found(memory, "errors")
    assert (one.breached, one.value) == (breached, 5.0 * bad)
    assert one.well is (bad == 0)


def test_429_is_no_error_of_the_servers() -> None:
    memory = memory_of(errors=SHARE)
    memory.take(slot(START, [100.0] * 20, n429=20))
    assert found(memory, "errors")[0].value == 0


def test_what_says_that_it_is_of_later_counts_then() -> None:
    """A clock may be two minutes ahead, and is believed; ten minutes are waited for."""
    memory = memory_of(slow=THRESHOLD)
    memory.take(slot(START + timedelta(minutes=1), [100.0] * 20, "GET /soon"))
    memory.take(slot(START + timedelta(minutes=10), [100.0] * 20, "GET /later"))
    assert [one.subject for one in found(memory, "slow")] == ["GET /soon (ib-1)"]
    assert [one.subject for one in found(memory, "slow", 600)] == ["GET /later (ib-1)"]


def test_what_is_older_than_the_window_does_not_count() -> None:
    memory = memory_of(slow=THRESHOLD)
    memory.take(slot(START, [900.0] * 20))
    memory.take(slot(START + timedelta(seconds=70), [100.0] * 20))
    (one,) = found(memory, "slow", 80)
    assert (one.n, one.breached) == (20, False)


def silent(memory: Memory, after_s: float) -> bool | None:
    """Whether it is called absent then; None if that cannot be said."""
    (one,) = found(memory, "gone", after_s)
    return one.breached


def test_silence_is_judged_as_of_when_the_tape_was_read() -> None:
    memory = memory_of(gone=MISSING)
    memory.take(slot(START, [100.0]))
    assert silent(memory, 600) is None
    memory.read_until = START + timedelta(minutes=1)
    assert silent(memory, 600) is False
    memory.read_until = START + timedelta(minutes=4)
    assert silent(memory, 600) is True


def test_what_was_not_there_for_long_is_not_expected_any_more() -> None:
    memory = memory_of(gone=MISSING + 'within = "1h"\n')
    memory.take(slot(START, [100.0]))
    memory.read_until = START + timedelta(hours=2)
    assert silent(memory, 3590) is True
    assert found(memory, "gone", 3700) == []


def test_of_an_engine_the_newest_of_all_its_names_counts() -> None:
    memory = memory_of(gone=MISSING + 'by = "engine"\n')
    memory.take(slot(START, [100.0], "GET /a"))
    memory.take(slot(START + timedelta(minutes=5), [100.0], "GET /b"))
    memory.read_until = START + timedelta(minutes=6)
    (one,) = found(memory, "gone", 360)
    assert (one.subject, one.value) == ("all of ib-1", 60.0)


@pytest.mark.parametrize(
    ("value", "breached", "well"), [(9.9, True, False), (10.0, False, False), (11.0, False, True)]
)
def test_a_check_below_its_limit_is_breached_and_a_tenth_above_it_well(
    value: float, breached: bool, well: bool
) -> None:
    memory = memory_of(disk=CHECK)
    memory.checks = [Checked("disk_free_pct", "home", value), Checked("memory_mb", "web", 1.0)]
    (one,) = found(memory, "disk")
    assert (one.subject, one.breached, one.well) == ("home", breached, well)


def test_a_check_that_could_not_be_taken_says_nothing() -> None:
    memory = memory_of(disk=CHECK)
    memory.checks = [Checked("disk_free_pct", "home", None)]
    (one,) = found(memory, "disk")
    assert (one.breached, one.well) == (None, False)


def test_request_ids_of_the_newest_come_first_and_are_few() -> None:
    memory = memory_of(slow=THRESHOLD)
    for number in range(3):
        at = START + timedelta(seconds=10 * number)
        memory.take(slot(at, [900.0] * 20, examples=(f"{number}-a", f"{number}-b")))
    assert found(memory, "slow", 30)[0].examples == ("2-a", "2-b", "1-a")
