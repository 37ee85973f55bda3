"""A failing run is made shorter, told so that one can follow it, and can be repeated."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from tests.simulated.toys import TOY, Here
from tests.simulation.hunting import difference
from tests.simulation.runs import Outcome, Run, all_but, carry_out, read_numbers, stretches, write_numbers
from tests.simulation.shrinking import Budget, shrink
from tests.simulation.telling import tell
from tests.simulation.worlds.registry import WORLDS
from tests.simulation.worlds.verdict import Violation

_STEPS = 3_000


@pytest.fixture(autouse=True, scope="module")
def _toy() -> Iterator[None]:
    with patch.dict(WORLDS, toy=TOY):
        yield


@pytest.fixture(scope="module")
def failing() -> Outcome:
    """The first run that fails among many faults."""
    for seed in range(100):
        outcome = carry_out(Run("toy", seed, _STEPS))
        if outcome.violation is not None and len(outcome.faults) > 8:
            return outcome
    raise AssertionError("no run fails")


@pytest.fixture(scope="module")
def shortest(failing: Outcome) -> Outcome:
    return shrink(failing, Here(), Budget())


def test_the_one_fault_that_matters_is_found(failing: Outcome, shortest: Outcome) -> None:
    faults = [line for line in shortest.story if "  fault " in line]
    assert len(shortest.faults) == len(faults) == 1
    assert "disk error" in faults[0]
    assert shortest.run.steps < failing.run.steps
    assert shortest.violation is not None
    assert shortest.violation.invariant == "every line"


def test_a_shorter_run_is_repeated_by_its_command(shortest: Outcome) -> None:
    words = shlex.split(tell(shortest).rpartition("python -m tests.simulation ")[2])
    options = dict(zip(words[::2], words[1::2], strict=True))
    left_out = read_numbers(options["--leave-out"])
    again = carry_out(Run(options["--world"], int(options["--seed"]), int(options["--steps"]), left_out))
    assert difference(shortest, again) is None
    assert again.violation == shortest.violation


def test_without_a_budget_a_run_is_told_as_it_was_found(failing: Outcome) -> None:
    here = Here()
    assert shrink(failing, here, Budget(runs=0)) == failing
    assert here.done == []


def test_a_budget_is_kept_to(failing: Outcome) -> None:
    here = Here()
    shrink(failing, here, Budget(runs=5))
    assert len(here.done) == 5


def test_another_violation_is_not_taken_for_the_same(failing: Outcome) -> None:
    assert failing.violation is not None
    other = failing._replace(violation=failing.violation._replace(invariant="another"))
    assert shrink(other, Here(), Budget(runs=30)) == other


def test_a_story_has_its_starts_its_faults_and_its_violation(shortest: Outcome) -> None:
    lines = tell(shortest).splitlines()
    assert any("supervisor: starts writer 1 #1" in line for line in lines)
    assert any("cannot write" in line for line in lines)
    assert any("VIOLATION: every line" in line for line in lines)
    assert "where each stood:" in lines


def _story(*lines: str) -> list[str]:
    return [f"step {number:>7} {number / 1000:>10.4f}s  {line}" for number, line in enumerate(lines)]


def _outcome(text: str, *lines: str) -> Outcome:
    violation = Violation("nothing is lost", 9, text)
    return Outcome(
        Run("spine", 1, 100), 10, 0.1, violation, [], _story(*lines), ["worker #1/main at a result"], 1
    )


def test_only_the_event_and_the_entry_of_a_violation_are_told() -> None:
    told = tell(
        _outcome(
            "such as host/0-1 (record 1)",
            "engine #1: emits host/0-1 (record 1)",
            "engine #1: emits host/0-2 (record 2)",
            "Redis: host/0-1 is 1767571200001-0 of tape:{0}",
            "Redis: host/0-2 is 1767571200001-1 of tape:{0}",
            "Postgres: 1767571200001-0 of tape:{0} is committed as stored",
            "Postgres: 1767571200001-1 of tape:{0} is committed as stored",
            "Redis: worker acknowledges of tape:{0}: 1767571200001-0",
            "Redis: worker acknowledges of tape:{0}: 1767571200001-1",
            "fault 1, kill: worker #1 (main) before commit",
        )
    )
    assert "host/0-2" not in told
    assert "1767571200001-1" not in told
    assert told.count("1767571200001-0") == 3
    assert "fault 1, kill" in told
    assert "worker #1/main at a result" in told


def test_what_is_said_again_and_again_is_one_line() -> None:
    again = [f"worker #1/main: says: Redis is away, trying again in 0.{number} s" for number in range(9)]
    told = tell(_outcome("such as host/0-1", again[0], "world: the crash", *again[1:]))
    assert told.count("Redis is away") == 1
    assert "9 times, up to step 9" in told


def test_a_long_story_is_told_by_its_begin_and_end() -> None:
    lines = [
        f"fault {number}, {'kill' if number % 2 else 'stall'} {'x' * number}: it" for number in range(500)
    ]
    told = tell(_outcome("such as host/0-1", *lines)).splitlines()
    assert len(told) < 140
    assert any("lines left out" in line for line in told)
    assert len(tell(_outcome("such as host/0-1", *lines), whole=True).splitlines()) > 500


def test_numbers_are_read_as_they_are_written() -> None:
    assert read_numbers("3,17-20,40-") == ((3, 3), (17, 20), (40, all_but([])[0][1]))
    assert write_numbers(read_numbers("3,17-20,40-")) == "3,17-20,40-"
    assert write_numbers(stretches([5, 3, 4, 9])) == "3-5,9"
    assert write_numbers(all_but([3, 5])) == "0-2,4,6-"
    with pytest.raises(ValueError, match="invalid literal"):
        read_numbers("x")


def test_two_runs_that_differ_are_told_apart() -> None:
    one = _outcome("", "a: b", "c: d")
    assert difference(one, one) is None
    assert "line 1" in str(difference(one, _outcome("", "a: b", "c: e")))
    assert "goes on" in str(difference(one, _outcome("", "a: b")))
    assert "other fingerprints" in str(difference(one, one._replace(fingerprint=2)))
