"""Power cuts of machines with journals: what the kernel had written down survives, what came after it may not.

Nobody syncs a journal. Every so often the kernel writes down all that there is; an event that emit took before that
must be stored in the end, whatever the cut leaves of what came after it: torn segments, an older cursor, half of one.
"""

from __future__ import annotations

from collections.abc import Callable

from signaltape.journal.cursor import find_cursor
from tests.simulation.kernel.machines import Machine, Process
from tests.simulation.kernel.power import Shadow
from tests.simulation.worlds.spine_base import SpineBase
from tests.simulation.worlds.truth import Given, journalled

_KIND = "power cut"
#: How often the kernel writes down everything.
_EVERY_S = (0.5, 5.0, 30.0)


class PowerCuts:
    """An act of the nemesis. Made once all machines are there."""

    def __init__(self, world: SpineBase) -> None:
        self._world = world
        self._chance = world.faults.chance(f"{_KIND}, what is left")
        self._shadows: dict[str, Shadow] = {}
        #: by machine: the events that stood in its journals when they were last written down
        self._written: dict[str, set[Given]] = {}
        if _KIND in world.faults.rates:
            every_s = self._chance.choice(_EVERY_S)
            for machine in world.homes:
                self._shadows[machine.name] = self._follow(machine)
                self._written[machine.name] = set()
                process = Process(world.machine("nowhere"), "kernel")
                process.killable = False
                process.start(lambda machine=machine: self._write_down(machine, every_s))  # type: ignore[misc]

    def acts(self) -> dict[str, Callable[[float], str]]:
        """By the kind of fault."""
        return {_KIND: lambda _seconds: self._cut()}

    def _follow(self, machine: Machine) -> Shadow:
        disk = self._world.disk
        removing, moving = disk.on_remove, disk.on_rename
        shadow = Shadow(disk, machine.folder)
        shadow_removing, shadow_moving = disk.on_remove, disk.on_rename

        def on_remove(path: str) -> None:
            removing(path)
            shadow_removing(path)

        def on_rename(source: str, target: str) -> None:
            moving(source, target)
            shadow_moving(source, target)

        disk.on_remove, disk.on_rename = on_remove, on_rename
        return shadow

    def _write_down(self, machine: Machine, every_s: float) -> None:
        while self._world.faults.active:
            self._world.scheduler.sleep("the kernel's writing", every_s)
            self._shadows[machine.name].begin()
            self._written[machine.name] = set(journalled(machine.folder / "home"))

    def _cut(self) -> str:
        world, chance = self._world, self._chance
        machine = chance.choice(world.homes)
        for process in list(machine.processes):
            process.kill()
        unwritten = set(journalled(machine.folder / "home")) - self._written[machine.name]
        world.truth.only_streamed |= unwritten
        world.truth.excused |= {given for given in unwritten if not world.keeping.was_sent(given)}
        losses = self._shadows[machine.name].cut(chance)
        for folder in machine.folder.glob("home/journal/tape-*/"):
            if find_cursor(folder) is None:
                world.damage.cursors.add(folder)
        machine.booted_ns = world.scheduler.now_ns
        world.story.tell(
            "world", f"the power of {machine.name} goes, and with it {', '.join(losses) or 'nothing'}"
        )
        names = ", ".join(sorted(given.token for given in unwritten))
        world.story.tell("world", f"not written down before: {names or 'nothing'}")
        return "cut"
