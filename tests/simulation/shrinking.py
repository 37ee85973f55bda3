"""Makes a failing run shorter: as few faults and steps as still break the same promise."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.simulation.runs import Outcome, Run, all_but

#: A line of a story that tells of a fault: step, number, kind.
_FAULT = re.compile(r"step +(\d+) +[\d.]+s  fault (\d+), (.*?): ")


@dataclass
class Budget:
    """How much may be spent on one violation."""

    runs: int = 400
    seconds: float = 120.0


class Runs(Protocol):
    """A pool, as far as it is needed here."""

    @property
    def size(self) -> int: ...
    def all_of(self, runs: Sequence[Run], until: float, /) -> list[Outcome]: ...


class _Search:
    """Tries shorter runs, and keeps the shortest that fails in the same way."""

    def __init__(self, outcome: Outcome, pool: Runs, budget: Budget) -> None:
        assert outcome.violation is not None
        self.best = outcome
        self._invariant = outcome.violation.invariant
        self._pool = pool
        self._runs_left = budget.runs
        self._end = time.monotonic() + budget.seconds

    @property
    def is_over(self) -> bool:
        """Whether the budget is spent."""
        return self._runs_left <= 0 or time.monotonic() >= self._end

    def first_that_fails(self, runs: Sequence[Run]) -> bool:
        """Whether one of these fails too; the first that does is the best from now on."""
        width = max(self._pool.size, 1)
        for begin in range(0, len(runs), width):
            if self.is_over:
                return False
            batch = runs[begin : begin + width]
            self._runs_left -= len(batch)
            for outcome in self._pool.all_of(batch, self._end):
                if outcome.violation is not None and outcome.violation.invariant == self._invariant:
                    self.best = outcome
                    return True
        return False

    def with_faults(self, kept: Sequence[int]) -> Run:
        """The best run, with these faults alone."""
        return self.best.run._replace(left_out=all_but(kept))

    def with_steps(self, steps: int) -> Run:
        """The best run, with so many steps."""
        return self.best.run._replace(steps=steps)


def shrink(outcome: Outcome, pool: Runs, budget: Budget) -> Outcome:
    """The shortest run that was found to break the same promise; the run itself if none was."""
    search = _Search(outcome, pool, budget)
    assert outcome.violation is not None
    if outcome.violation.step < outcome.run.steps:
        search.first_that_fails([search.with_steps(outcome.violation.step)])
    if outcome.faults and not search.first_that_fails([search.with_faults([])]):
        _without_kinds(search)
    while True:
        before = search.best.run
        _fewer_faults(search)
        _fewer_steps(search)
        if search.is_over or search.best.run == before:
            return search.best


def _without_kinds(search: _Search) -> None:
    """Leave out all faults of a kind, kind after kind, the most frequent first."""
    tried: set[str] = set()
    while not search.is_over:
        kinds = _faults_by_kind(search.best.story)
        untried = [kind for kind in kinds if kind not in tried]
        if not untried:
            return
        kind = min(untried, key=lambda kind: (-len(kinds[kind]), kind))
        tried.add(kind)
        kept = [number for number in search.best.faults if number not in kinds[kind]]
        search.first_that_fails([search.with_faults(kept)])


def _faults_by_kind(story: Sequence[str]) -> dict[str, set[int]]:
    kinds: defaultdict[str, set[int]] = defaultdict(set)
    for line in story:
        if found := _FAULT.match(line):
            kinds[found[3]].add(int(found[2]))
    return kinds


def _fewer_faults(search: _Search) -> None:
    """Delta debugging: leave out ever smaller parts of the faults that happen, as long as it fails."""
    parts = 2
    while search.best.faults and not search.is_over:
        faults = search.best.faults
        parts = min(parts, len(faults))
        chunks = _split(faults, parts)
        without = [[one for other in chunks if other is not chunk for one in other] for chunk in chunks]
        if search.first_that_fails([search.with_faults(kept) for kept in without]):
            parts = max(parts - 1, 2)
        elif parts == len(faults):
            return
        else:
            parts *= 2


def _fewer_steps(search: _Search) -> None:
    """Faults end right after the last that matters, or earlier."""
    assert search.best.violation is not None
    last = max((step for step in map(_step_of_fault, search.best.story) if step), default=0) + 1
    tries = sorted(
        {last, search.best.run.steps // 4, search.best.run.steps // 2, search.best.run.steps * 3 // 4}
    )
    search.first_that_fails(
        [search.with_steps(steps) for steps in tries if 0 < steps < search.best.run.steps]
    )


def _step_of_fault(line: str) -> int | None:
    found = _FAULT.match(line)
    return int(found[1]) if found else None


def _split(numbers: Sequence[int], parts: int) -> list[list[int]]:
    size, rest = divmod(len(numbers), parts)
    chunks, begin = [], 0
    for number in range(parts):
        end = begin + size + (number < rest)
        chunks.append(list(numbers[begin:end]))
        begin = end
    return chunks
