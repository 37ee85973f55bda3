"""One run, by what it is a function of: world, seed, steps, faults left out."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from tests.simulation.worlds.registry import WORLDS
from tests.simulation.worlds.verdict import Violation

#: No run has as many faults.
MOST_FAULTS = 100_000


class Run(NamedTuple):
    """What a run is a function of.

    left_out: numbers of faults, as first and last of each stretch of them.
    """

    world: str
    seed: int
    steps: int
    left_out: tuple[tuple[int, int], ...] = ()

    @property
    def numbers_left_out(self) -> frozenset[int]:
        """Each number."""
        return frozenset(number for first, last in self.left_out for number in range(first, last + 1))

    @property
    def command(self) -> str:
        """What repeats it in a shell."""
        words = f"--world {self.world} --seed {self.seed} --runs 1 --steps {self.steps}".split()
        if self.left_out:
            words += ["--leave-out", write_numbers(self.left_out)]
        return " ".join(["python -m tests.simulation", *words])


class Outcome(NamedTuple):
    """What came of a run, and how long it took. faults: the numbers of those that happened."""

    run: Run
    steps: int
    seconds: float
    violation: Violation | None
    faults: list[int]
    story: list[str]
    whereabouts: list[str]
    fingerprint: int


def carry_out(run: Run, url: str = "") -> Outcome:
    """Do it, here. url: of a database that it may empty, if the world needs one."""
    started = time.perf_counter()
    report = WORLDS[run.world].load()(run.seed, run.steps, run.numbers_left_out, url)
    return Outcome(
        run,
        report.steps,
        time.perf_counter() - started,
        report.violation,
        report.faults,
        report.story,
        report.whereabouts,
        report.fingerprint,
    )


def steps_of(world: str, seed: int) -> int:
    """How many steps a run has if nobody says."""
    return random.Random(f"steps {seed}").choice(WORLDS[world].steps)


def stretches(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Numbers, as first and last of each stretch of them."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def all_but(kept: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The numbers of all faults but some, as stretches: also of those that only happen once others do not."""
    edges = [-1, *sorted(set(kept)), MOST_FAULTS]
    return tuple((before + 1, after - 1) for before, after in pairwise(edges) if after - before > 1)


def read_numbers(text: str) -> tuple[tuple[int, int], ...]:
    """Stretches as `3,17-20,40-`. Raises ValueError."""
    found: list[tuple[int, int]] = []
    for part in filter(None, text.split(",")):
        first, dash, last = part.strip().partition("-")
        found.append((int(first), (int(last) if last else MOST_FAULTS - 1) if dash else int(first)))
    return tuple(found)


def write_numbers(found: Iterable[tuple[int, int]]) -> str:
    """The other way round."""
    parts = []
    for first, last in found:
        end = "" if last >= MOST_FAULTS - 1 else str(last)
        parts.append(str(first) if first == last else f"{first}-{end}")
    return ",".join(parts)
