"""The scheduler: runs one task at a time, chooses by a seed who goes on, and moves a clock that is nobody's.

A task is a greenlet that runs the product's own code. Wherever that touches disk, network, clock or lock it calls
`pause` or `block`; there the scheduler may let another task run, or a process end. Nothing else moves: the same
seed gives the same run.
"""

from __future__ import annotations

import asyncio.events
import heapq
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from greenlet import GreenletExit, getcurrent

from tests.simulation.kernel.machines import NS, Process, Task

#: What a step takes, in nanoseconds.
_STEP_NS = 4_000


class Stuck(Exception):
    """Nothing can run any more, and no time will change that."""


class Scheduler:
    """Tasks, time and chance of one run.

    seed: everything follows from it.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        #: chooses who goes on; what happens to them is drawn elsewhere: to leave out a fault changes nothing before it
        self.chance = random.Random(f"schedule {seed}")
        #: nanoseconds since the beginning
        self.now_ns = 0
        self.steps = 0
        self.current: Task | None = None
        self.over = False
        #: how likely another task goes on at a pause, drawn anew for each run
        self.switch_chance = self.chance.choice((0.02, 0.1, 0.3, 0.6))
        #: called at each pause of a task, before it goes on; may end its process, or raise
        self.at_pause: Callable[[Task], None] | None = None
        #: called in the scheduler between two tasks, now and then
        self.between: Callable[[], None] | None = None
        #: told of a task that ended with an error
        self.on_error: Callable[[Task, BaseException], None] | None = None
        self._ready: list[Task] = []
        self._timers: list[tuple[int, int, Task]] = []
        self._timer_count = 0
        self._hub = getcurrent()
        self._kept: list[Task] = []

    def spawn(self, name: str, process: Process, act: Callable[[], Any]) -> Task:
        """A new task of a process."""

        def run() -> None:
            try:
                act()
            except GreenletExit:
                pass
            except BaseException as error:
                task.error = error
                if self.on_error is not None and not self.over and not process.dead:
                    self.on_error(task, error)
            task.done = True
            process.tasks.discard(task)
            for waiter in task.waiters:
                self.wake(waiter)

        task = Task(name, process, run, self._hub)
        process.tasks.add(task)
        self._kept.append(task)
        self._ready.append(task)
        return task

    def pause(self, where: str) -> None:
        """A point where anything may happen to the task that calls. From outside of any task it is nothing."""
        task = self.current
        if task is None:
            return
        if self.over or task.process.dead:
            raise GreenletExit
        task.where = where
        self.steps += 1
        self.now_ns += _STEP_NS
        if self.at_pause is not None:
            self.at_pause(task)
        if self.chance.random() < self.switch_chance:
            self._ready.append(task)
            self._leave(task)

    def block(self, where: str, timeout_s: float | None = None) -> bool:
        """Wait until woken, or for so long at most. True if woken."""
        task = self.current
        if task is None:
            raise RuntimeError(f"{where}: only a task can wait")
        if self.over or task.process.dead:
            raise GreenletExit
        task.where = where
        self.steps += 1
        task.waiting, task.woken = True, False
        if timeout_s is not None:
            self._timer_count += 1
            task.timer = self._timer_count
            due = self.now_ns + max(int(timeout_s * NS), 1)
            heapq.heappush(self._timers, (due, self._timer_count, task))
        self._leave(task)
        return task.woken

    def sleep(self, where: str, seconds: float) -> None:
        """Let time pass. Nobody can wake the task."""
        end = self.now_ns + int(seconds * NS)
        while (left := end - self.now_ns) > 0:
            self.block(where, left / NS)

    def wait(
        self, holds: Callable[[], bool], timeout_s: float | None = None, where: str = "a condition"
    ) -> bool:
        """Wait until a condition holds that nobody signals."""
        end = None if timeout_s is None else self.now_ns + int(timeout_s * NS)
        while not holds():
            if end is not None and self.now_ns >= end:
                return False
            self.block(where, 0.005 if end is None else min(0.005, (end - self.now_ns) / NS))
        return True

    def wake(self, task: Task) -> None:
        """Let a task go on that waits; it is nothing to one that does not."""
        if task.waiting:
            task.waiting, task.woken, task.timer = False, True, 0
            self._ready.append(task)

    def delay(self, task: Task, seconds: float) -> None:
        """The task that calls stands still for so long, and knows nothing of it."""
        if task is self.current:
            self.sleep(task.where, seconds)

    def abandon(self, task: Task) -> None:
        """A task will never run again. Called by itself it does not return."""
        task.waiting = False
        if task in self._ready:
            self._ready.remove(task)
        if task is self.current:
            self._leave(task)

    def run(self, until: Callable[[], bool], most_steps: int) -> bool:
        """Let tasks run until a condition holds, looked at between tasks. False if it took too many steps.

        Raises Stuck if nothing can run any more, and whatever `between` raises.
        """
        end = self.steps + most_steps
        while not until():
            if self.steps >= end:
                return False
            self.run_one()
        return True

    def run_one(self) -> None:
        """Let one task run up to its next switch."""
        if self.between is not None:
            self.between()
        self._fire_timers()
        if not self._ready:
            self._move_time()
        ready = self._ready
        index = int(self.chance.random() * len(ready))
        ready[index], ready[-1] = ready[-1], ready[index]
        task = ready.pop()
        self.current = task
        task.greenlet.switch()
        self.current = None

    def end(self) -> None:
        """Let go of all tasks; what they still have to clean up they do without touching anything."""
        self.over = True
        for task in self._kept:
            self.current = task
            for _ in range(50):
                if task.greenlet.dead:
                    break
                with suppress(BaseException):  # it is being thrown away
                    task.greenlet.throw(GreenletExit)
        self.current = None
        self._kept.clear()

    def _leave(self, task: Task) -> None:
        """Let the scheduler go on."""
        loop = asyncio.events._get_running_loop()
        if loop is not None:
            asyncio.events._set_running_loop(None)
        self._hub.switch()
        if self.over or task.process.dead:
            raise GreenletExit
        if loop is not None:
            asyncio.events._set_running_loop(loop)

    def _fire_timers(self) -> None:
        timers = self._timers
        while timers and timers[0][0] <= self.now_ns:
            _, number, task = heapq.heappop(timers)
            if task.waiting and task.timer == number:
                task.waiting, task.timer = False, 0
                self._ready.append(task)

    def _move_time(self) -> None:
        while not self._ready:
            if not self._timers:
                raise Stuck
            self.now_ns = max(self.now_ns, self._timers[0][0])
            self._fire_timers()
