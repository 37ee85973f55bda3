"""What strikes amid the work at a journal: signals, threads that dawdle, files that cannot be had for a moment."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from signaltape.journal.cursor import CURSOR_FILE
from tests.simulation.kernel.scheduler import Task

if TYPE_CHECKING:
    from tests.simulation.worlds.spine import SpineWorld

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
_LOOKS = ("write to a map", "list tape-", "lock a file", "open cursor", *_CHANGES)
#: How long somebody dawdles, in seconds: time for some events, or for the look of a shipper.
_DAWDLES_S = (0.0002, 0.002, 0.008)


class Amid:
    """Strikes where only few steps lie in between."""

    def __init__(self, world: SpineWorld) -> None:
        self._world = world
        self._chance = world.faults.chance("dawdles")

    def at_pause(self, task: Task, where: str) -> None:
        """A task is about to touch something."""
        if not where.startswith(_LOOKS) or not task.process.killable:
            return
        world, faults = self._world, self._world.faults
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

    def on_touch(self, operation: str, path: str) -> None:
        """A program is about to do something to a file. Raises OSError if it cannot."""
        world, process, task = self._world, self._world.disk.process, self._world.scheduler.current
        if process is None or task is None or not process.killable:
            return
        if operation == "list":
            fails = world.faults.strikes("lists fail", f"{process.name}, {Path(path).name}")
        elif operation == "open" and path.endswith(CURSOR_FILE) and not task.name.endswith("-shipper"):
            # that of an engine, which looks what was shipped before it gives a segment up
            fails = process.name.startswith("engine") and world.faults.strikes("cursors fail", task.name)
        else:
            return
        if fails:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)
