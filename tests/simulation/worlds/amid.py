"""What strikes amid the work at a journal: signals, threads that dawdle, files that cannot be had for a moment."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NamedTuple

from signaltape.journal.cursor import CURSOR_FILE
from tests.simulation.kernel.machines import Process, Task
from tests.simulation.worlds.base import World

#: Where a thread is about to change to another segment.
_CHANGES = (
    "create 0",
    "write a segment",
    "map a segment",
    "move in a map",
    "rename 0",
    "close a map",
    "remove 0",
)
#: Where others may see, or miss, what a journal holds.
_LOOKS = ("write to a map", "list tape-", "lock a file", "close a file", "open cursor", *_CHANGES)
#: How long somebody dawdles, in seconds: time for some events, or for the look of a shipper.
_DAWDLES_S = (0.0002, 0.002, 0.008)
#: For what a thread waits before it writes, and for how long; and what an engine's end is made of.
_MEETS_AT, _MEETS_AT_CLOSE = ("move in a map", "rename 0", "close a map"), ("close a file", "move in a map")
_MEETS_S = (0.01, 0.1, 0.5)
#: How likely, while its emitter is closed.
_MEETS_CLOSE = 0.5
#: Whom it met stands still for so long.
_MET_S = 0.0002


class _Waiting(NamedTuple):
    """A task that goes on when an engine comes to a point: this one, or (None) any of its machine."""

    task: Task
    process: Process | None
    point: str


class Amid:
    """Strikes where only few steps lie in between."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.faults.chance("dawdles")
        #: engines whose emitter is being closed
        self.closing: set[Process] = set()
        self._waiting: list[_Waiting] = []

    def at_pause(self, task: Task, where: str) -> None:
        """A task is about to touch something."""
        if not where.startswith(_LOOKS) or not task.process.killable:
            return
        world, faults = self._world, self._world.faults
        self._meet(task, where)
        if faults.is_drawn("dawdles"):
            seconds = self._chance.choice(_DAWDLES_S)
            if faults.happens("dawdles", f"{task.name} before {where}"):
                world.scheduler.sleep(where, seconds)
        if (
            task.name.endswith("/main")
            and where.startswith(_CHANGES)
            and faults.strikes("signal amid a change", f"{task.process.name} before {where}")
        ):
            world.at_signal(task.process)

    def _meet(self, task: Task, where: str) -> None:
        """Two come together: who writes, or looks, goes on when an engine changes its segment, or ends."""
        if task.name.endswith(("/main", "/emits")) and task.process.name.startswith("engine"):
            for one in self._waiting:
                if self._meets(task, where, one):
                    self._waiting.remove(one)
                    self._world.scheduler.wake(one.task)
                    self._world.scheduler.sleep(where, _MET_S)
                    return
        if where == "write to a map" and task.name.endswith("/emits"):
            closing = task.process in self.closing
            points = _MEETS_AT_CLOSE if closing else _MEETS_AT
            self._wait_for(_Waiting(task, task.process, self._chance.choice(points)), surely=closing)
        elif where.startswith("list tape-") and "shipper" in task.name:
            self._wait_for(_Waiting(task, None, "close a map"))

    def _meets(self, task: Task, where: str, one: _Waiting) -> bool:
        if task is one.task or not where.startswith(one.point):
            return False
        return (
            one.process is task.process if one.process else one.task.process.machine is task.process.machine
        )

    def _wait_for(self, one: _Waiting, *, surely: bool = False) -> None:
        faults, scheduler = self._world.faults, self._world.scheduler
        if "meets" not in faults.rates:
            return
        drawn = self._chance.random() < _MEETS_CLOSE if surely else faults.is_drawn("meets")
        if drawn and faults.happens("meets", f"{one.task.name} waits for an engine that is to {one.point}"):
            where = one.task.where
            self._waiting.append(one)
            scheduler.block(where, self._chance.choice(_MEETS_S))
            if one in self._waiting:
                self._waiting.remove(one)

    def on_touch(self, operation: str, path: str) -> None:
        """A program is about to do something to a file. Raises OSError if it cannot."""
        world, process, task = self._world, self._world.disk.process, self._world.scheduler.current
        if process is None or task is None or not process.killable:
            return
        by_engine = process.name.startswith("engine") and not task.name.endswith("-shipper")
        kind, code = "", errno.EMFILE
        if operation == "list":
            kind = "lists fail"
        elif operation == "open" and by_engine and path.endswith(CURSOR_FILE):
            kind = "cursors fail"  # it looks what was shipped before it gives a segment up
        elif operation in ("create", "rename") and by_engine and ("/.tape-" in path or path.endswith(".new")):
            kind, code = "makes fail", self._chance.choice((errno.ENOSPC, errno.EACCES))
        elif operation in ("write", "map") and by_engine and path == "a segment":
            kind, code = "makes fail", errno.ENOSPC
        if kind and world.faults.strikes(kind, f"{task.name}, {Path(path).name}"):
            raise OSError(code, os.strerror(code), path)
