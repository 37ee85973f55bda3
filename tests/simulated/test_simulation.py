"""A few simulated runs of each world, with seeds that belong to this tree, and the runs that once found something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.seeds import FOUND
from tests.simulation.databases import databases
from tests.simulation.hunting import difference
from tests.simulation.pool import Pool, cores
from tests.simulation.runs import Run
from tests.simulation.telling import tell
from tests.simulation.worlds.registry import WORLDS
from tests.support.tree import seed_of_this_tree

pytestmark = pytest.mark.deep

_ROOT = Path(__file__).parents[2]
_SHRINK_S = 60


def _simulate(*arguments: str, **environment: str) -> tuple[int, dict[str, Any], str]:
    """The command: its exit code, what it says as JSON, and what it tells."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--json", *arguments],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": f"{_ROOT / 'producer'}:{_ROOT}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    worlds = sorted({run.world for run in FOUND.values()})
    with databases(worlds, cores()) as made, Pool(cores(), made) as pool:
        yield pool


@pytest.mark.first
def test_no_promise_is_broken_in_a_few_runs_of_each_world() -> None:
    runs = os.environ.get("SIGNALTAPE_SIMULATE_RUNS") or "3"
    seed = os.environ.get("SIGNALTAPE_SEED") or str(seed_of_this_tree())
    jobs = ("--jobs", "1")  # beside other tests
    code, found, told = _simulate("--runs", runs, "--seed", seed, "--shrink-s", str(_SHRINK_S), *jobs)
    assert code == 0, f"{told}\nagain: SIGNALTAPE_SEED={seed}"
    assert set(found["worlds"]) == set(WORLDS)
    assert found["seeds"] == int(runs) * len(WORLDS)


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_once_is_not_found_again(what: str, pool: Pool) -> None:
    (outcome,) = pool.all_of([FOUND[what]])
    assert outcome.violation is None, tell(outcome)


@pytest.mark.first
def test_a_seed_is_the_same_story_in_any_process_and_whatever_the_order_of_sets() -> None:
    options = ("--world", "spine", "--seed", "12", "--runs", "3", "--steps", "4000", "--twice")
    ends = [_simulate(*options, PYTHONHASHSEED=seed) for seed in ("0", "1")]
    assert [code for code, _, _ in ends] == [0, 0], ends
    assert ends[0][1]["fingerprint"] == ends[1][1]["fingerprint"]


def test_fewer_faults_leave_the_beginning_as_it_was(pool: Pool) -> None:
    whole = Run("spine", 12, 4_000)
    (first,) = pool.all_of([whole])
    last = first.faults[-1]
    (without,) = pool.all_of([whole._replace(left_out=((last, last),))])
    step = next(number for number, line in enumerate(first.story) if f"  fault {last}, " in line)
    assert without.story[:step] == first.story[:step]
    assert last not in without.faults
    assert difference(first, without) is not None


def test_a_run_that_ends_its_process_is_a_violation(pool: Pool) -> None:
    (outcome,) = pool.all_of([Run("no such world", 1, 100)])
    assert outcome.violation is not None
    assert "KeyError" in outcome.violation.text
