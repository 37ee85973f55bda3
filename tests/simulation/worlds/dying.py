"""An engine emits, and dies, just as a shipper looks whether it lives: what it wrote until then must be found."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from signaltape.journal.cursor import CURSOR_FILE
from tests.simulation.kernel.machines import NS
from tests.simulation.worlds.spine_base import Engine, SpineBase

_KIND = "dies under a look"
#: Whoever looks stands still for so long at most.
_WITHIN_S, _STEP_S = 20.0, 0.5


class Dying:
    """Of engines that have been silent for as long as a journal is kept."""

    def __init__(self, world: SpineBase) -> None:
        self._world = world

    def on_look(self, folder: Path) -> None:
        """A program is about to look whether the engine of a journal lives."""
        world, looks = self._world, self._world.disk.process
        workload = self._writer_of(folder)
        if workload is None or looks is None or not looks.name.startswith("ship"):
            return
        if not self._is_kept_long_enough(folder) or not world.faults.strikes(_KIND, looks.name):
            return
        writer, workload.dies_soon = workload.process, True
        try:
            for _ in range(int(_WITHIN_S / _STEP_S)):
                if writer is None or writer.dead:
                    break
                world.scheduler.sleep("a look", _STEP_S)
        finally:
            workload.dies_soon = False
            world.disturb()

    def _writer_of(self, folder: Path) -> Engine | None:
        """The engine that writes a journal, by the folder's name."""
        for workload in self._world.workloads:
            process = workload.process
            if process is None or process.dead or not folder.is_relative_to(process.machine.folder):
                continue
            if folder.name.split("-")[2] == str(process.pid):
                return workload
        return None

    def _is_kept_long_enough(self, folder: Path) -> bool:
        looks = self._world.disk.process
        assert looks is not None
        with suppress(OSError):
            age_s = (looks.machine.wall_ns - (folder / CURSOR_FILE).stat().st_mtime_ns) / NS
            return age_s >= self._world.keep_s
        return False
