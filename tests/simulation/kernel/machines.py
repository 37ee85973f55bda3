"""Machines with clocks and disks, processes that end in every way a process can end, and their tasks."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from greenlet import greenlet

NS = 1_000_000_000
#: When it all begins, by true time: Monday, 2026-01-05 00:00 UTC.
EPOCH_S = 1_767_571_200


class Schedules(Protocol):
    """What machines need of their scheduler: its time, and that it runs their tasks."""

    seed: int
    now_ns: int
    current: Task | None

    def spawn(self, name: str, process: Process, act: Callable[[], Any]) -> Task: ...

    def abandon(self, task: Task) -> None: ...


class Task:
    """One thread of a process."""

    __slots__ = (
        "done",
        "error",
        "greenlet",
        "name",
        "process",
        "timer",
        "waiters",
        "waiting",
        "where",
        "woken",
    )

    def __init__(self, name: str, process: Process, run: Callable[[], Any], hub: greenlet) -> None:
        self.name = name
        self.process = process
        self.where = "its start"
        self.waiting = False
        self.woken = False
        #: the number of the timer that it waits for
        self.timer = 0
        self.done = False
        self.error: BaseException | None = None
        self.waiters: list[Task] = []
        self.greenlet = greenlet(run, hub)  # whose end leads back to the scheduler, not to who started it


class Closes(Protocol):
    """What a process holds: it is let go when the process dies, without a word."""

    def drop(self) -> None: ...


class Machine:
    """A machine: its wall clock, its disk, its processes.

    folder: where its files really lie.
    """

    def __init__(self, scheduler: Schedules, name: str, folder: Path) -> None:
        self.scheduler = scheduler
        self.name = name
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        #: how far its wall clock is off, and since when it runs
        self.ahead_ns = 0
        self.booted_ns = -1000 * NS
        self.processes: list[Process] = []
        #: nothing more can be written
        self.full = False
        self._pids = 1000

    def next_pid(self) -> int:
        """A process id that was not used yet."""
        self._pids += 1
        return self._pids

    @property
    def wall_ns(self) -> int:
        """Its wall clock, in nanoseconds since 1970."""
        return EPOCH_S * NS + self.scheduler.now_ns + self.ahead_ns

    @property
    def monotonic_ns(self) -> int:
        """Its monotonic clock."""
        return self.scheduler.now_ns - self.booted_ns


class Process:
    """A process: tasks that die together, and what they hold.

    stop: how to ask it to end, as SIGTERM does.
    """

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine = machine
        self.name = name
        self.pid = machine.next_pid()
        self.dead = False
        #: whether faults strike it
        self.killable = True
        #: what its tasks may end by: any other error is one that nobody foresaw
        self.foreseen: tuple[type[BaseException], ...] = ()
        self.tasks: set[Task] = set()
        #: open descriptors, and whatever else is let go at its end
        self.fds: set[int] = set()
        self.holds: list[Closes] = []
        self.at_death: list[Callable[[], None]] = []
        #: ids and names that it makes up
        self.random = random.Random(f"process {machine.scheduler.seed} {machine.name} {name} {self.pid}")
        machine.processes.append(self)

    def start(self, act: Callable[[], Any], name: str = "main") -> Task:
        """Run something in it."""
        return self.machine.scheduler.spawn(f"{self.name}/{name}", self, act)

    @property
    def running(self) -> bool:
        """Whether any of its tasks still runs."""
        return not self.dead and bool(self.tasks)

    def kill(self) -> None:
        """As signal 9: no more instruction, and all that it held is free. To its own tasks it does not return."""
        if self.dead:
            return
        self.dead = True
        self.let_go()
        scheduler = self.machine.scheduler
        own = scheduler.current
        for task in sorted(self.tasks, key=lambda task: task.name):
            if task is not own:
                scheduler.abandon(task)
        if own is not None and own.process is self:
            scheduler.abandon(own)

    def let_go(self) -> None:
        """What a kernel does at the end of a process."""
        for fd in sorted(self.fds):
            with suppress(OSError):
                os.close(fd)
        self.fds.clear()
        for held in self.holds:
            held.drop()
        self.holds.clear()
        for act in self.at_death:
            act()
        if self in self.machine.processes:
            self.machine.processes.remove(self)
