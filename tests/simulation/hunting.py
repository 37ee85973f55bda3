"""The hunt: run after run, each world its share of the time, until time or runs are over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from tests.simulation.pool import Pool
from tests.simulation.runs import Outcome, Run, steps_of
from tests.simulation.worlds.verdict import Violation

#: How often whoever watches is told, in seconds.
_TELL_EVERY_S = 0.2
#: What runs when the time is over may end, within so long.
_GRACE_S = 30.0


@dataclass
class Plan:
    """What to hunt, and how long.

    runs: of each world; None for as many as the time allows. steps: of each run; None to draw them from its seed.
    twice: each run is done twice, and both must be the same.
    """

    worlds: Sequence[str]
    first_seed: int
    seconds: float | None = None
    runs: int | None = None
    steps: int | None = None
    left_out: tuple[tuple[int, int], ...] = ()
    twice: bool = False
    stop_at_first: bool = False


@dataclass
class Tally:
    """What was done in one world."""

    begun: int = 0
    seeds: int = 0
    steps: int = 0
    #: of all processes together
    seconds: float = 0.0
    violations: int = 0
    #: stands for all stories together, whatever order they ended in
    fingerprint: int = 0


@dataclass
class Hunt:
    """What was done so far."""

    plan: Plan
    tallies: dict[str, Tally] = field(default_factory=dict)
    found: list[Outcome] = field(default_factory=list)
    elapsed_s: float = 0.0
    _first: dict[Run, Outcome] = field(default_factory=dict)
    _repeats: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tallies = {name: Tally() for name in self.plan.worlds}

    @property
    def seeds(self) -> int:
        """Runs that have ended."""
        return sum(tally.seeds for tally in self.tallies.values())

    @property
    def steps(self) -> int:
        """Their steps."""
        return sum(tally.steps for tally in self.tallies.values())

    @property
    def fingerprint(self) -> int:
        """The same for the same runs."""
        return reduce(xor, (tally.fingerprint for tally in self.tallies.values()), 0)

    @property
    def steps_per_s(self) -> float:
        """Steps a second, of all processes together."""
        return self.steps / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def left_s(self) -> float | None:
        """How long it goes on; None: until all runs are done."""
        return None if self.plan.seconds is None else max(self.plan.seconds - self.elapsed_s, 0.0)

    @property
    def _is_late(self) -> bool:
        return self.plan.seconds is not None and self.elapsed_s > self.plan.seconds + _GRACE_S

    def go(self, pool: Pool, tell: Callable[[Hunt, Outcome | None], None]) -> None:
        """Hunt. tell: called with each violation, and now and then without one."""
        started = time.monotonic()
        while True:
            self.elapsed_s = time.monotonic() - started
            over = self.left_s == 0.0 or bool(self.found and self.plan.stop_at_first)
            while not over and pool.is_free and (run := self._next()) is not None:
                pool.start(run)
            if pool.is_empty or (self.found and self.plan.stop_at_first) or self._is_late:
                return
            for outcome in pool.ended(_TELL_EVERY_S):
                self._take(outcome, tell)
            tell(self, None)

    def _next(self) -> Run | None:
        """Of the world that had the least time so far."""
        if self._repeats:
            return self._repeats.pop()
        plan = self.plan
        open_worlds = [
            name for name, tally in self.tallies.items() if plan.runs is None or tally.begun < plan.runs
        ]
        if not open_worlds:
            return None
        name = min(open_worlds, key=lambda name: self._share(self.tallies[name]))
        seed = plan.first_seed + self.tallies[name].begun
        self.tallies[name].begun += 1
        run = Run(name, seed, plan.steps or steps_of(name, seed), plan.left_out)
        if plan.twice:
            self._repeats.append(run)
        return run

    @staticmethod
    def _share(tally: Tally) -> float:
        """The time it had, with what is under way counted as what has ended took."""
        return tally.seconds * (tally.begun / tally.seeds) if tally.seeds else float(tally.begun)

    def _take(self, outcome: Outcome, tell: Callable[[Hunt, Outcome | None], None]) -> None:
        run = outcome.run
        tally = self.tallies[run.world]
        tally.steps += outcome.steps
        tally.seconds += outcome.seconds
        if self.plan.twice:
            first = self._first.pop(run, None)
            if first is None:
                self._first[run] = outcome
                return
            outcome = _compared(first, outcome)
        tally.seeds += 1
        tally.fingerprint ^= outcome.fingerprint
        if outcome.violation is not None:
            tally.violations += 1
            self.found.append(outcome)
            tell(self, outcome)


def _compared(first: Outcome, second: Outcome) -> Outcome:
    """The second of two runs that should be the same; with a violation of its own if they are not."""
    differs = difference(first, second)
    if differs is None:
        return second
    return second._replace(violation=Violation("two runs of a seed are the same", second.steps, differs))


def difference(first: Outcome, second: Outcome) -> str | None:
    """Where two runs part, or None if they do not."""
    for number, (one, other) in enumerate(zip(first.story, second.story, strict=False)):
        if one != other:
            return f"line {number} of the story: {one!r}, then {other!r}"
    if len(first.story) != len(second.story):
        longer = max(first.story, second.story, key=len)
        return f"one story goes on: {longer[min(len(first.story), len(second.story))]!r}"
    if (first.fingerprint, first.steps) != (second.fingerprint, second.steps):
        return f"the same story, and other fingerprints: {first.steps} and {second.steps} steps"
    return None
