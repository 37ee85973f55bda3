"""Small scripts of a few tasks, under every order in which the scheduler could run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.simulation.kernel.machines import Machine, Process, Task
from tests.simulation.kernel.scheduler import Scheduler, Stuck
from tests.simulation.kernel.threads import SimpleQueue, SimulatedThreading

#: A script: makes what it needs, and gives the tasks and what is to be asked at the end.
Script = Callable[["Ground"], tuple[list[Callable[[], Any]], Callable[[], Any]]]

STUCK = "stuck"
#: No script is as long.
_MOST_STEPS = 10_000


class Ground:
    """What a script stands on: the scheduler of one order, and a process."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.scheduler = Scheduler(seed)
        self.machine = Machine(self.scheduler, "host", folder)
        self.process = Process(self.machine, "process")
        self._errors: list[BaseException] = []
        self.scheduler.on_error = self._on_error
        self.threading = SimulatedThreading(self.scheduler)

    def queue(self) -> SimpleQueue:
        """A queue.SimpleQueue."""
        return SimpleQueue(self.scheduler)

    def pause(self) -> None:
        """Where others may come first."""
        self.scheduler.pause("a pause")

    def run(self) -> None:
        """Until all tasks have ended, or nothing can run. Raises what a task raised."""
        try:
            self.run_until(lambda: not any(one.tasks for one in self.machine.processes))
        finally:
            self.scheduler.end()

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Until it holds. Raises what a task raised."""
        assert self.scheduler.run(condition, _MOST_STEPS)
        if self._errors:
            raise self._errors[0]

    def _on_error(self, _task: Task, error: BaseException) -> None:
        self._errors.append(error)


class _Choices:
    """In the place of chance: goes one way at each fork, and knows how many others there were."""

    def __init__(self, scheduler: Scheduler, ways: list[int]) -> None:
        self._scheduler = scheduler
        self.ways = ways
        self.counts: list[int] = []

    def random(self) -> float:
        """At a pause: always switch. Between tasks: whose turn it is."""
        if self._scheduler.current is not None:
            return 0.0
        count = len(self._scheduler._ready)
        if count == 1:
            return 0.0
        place = len(self.counts)
        self.counts.append(count)
        way = self.ways[place] if place < len(self.ways) else 0
        return way / count + 1e-9


def every_order(script: Script, folder: Path) -> Iterator[Any]:
    """What comes of a script, for every order of its tasks; STUCK if none of them can go on."""
    ways: list[int] = []
    while True:
        ground = Ground(folder)
        ground.scheduler.switch_chance = 2.0
        choices = _Choices(ground.scheduler, ways)
        ground.scheduler.chance = choices  # type: ignore[assignment]
        tasks, ask = script(ground)
        for number, task in enumerate(tasks):
            ground.process.start(task, f"task {number}")
        try:
            ground.run()
        except Stuck:
            yield STUCK
        else:
            yield ask()
        taken = [ways[place] if place < len(ways) else 0 for place in range(len(choices.counts))]
        while taken and taken[-1] + 1 == choices.counts[len(taken) - 1]:
            taken.pop()
        if not taken:
            return
        ways = [*taken[:-1], taken[-1] + 1]
