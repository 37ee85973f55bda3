"""`signaltape ship --once`, again and again beside everything else: it ends, however much engines write meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from signaltape.errors import JournalUnavailable
from signaltape.shipping.client import StreamError
from signaltape.shipping.service import ship_once
from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.scheduler import NS
from tests.simulation.kernel.threads import Event
from tests.simulation.worlds.truth import frames_of

if TYPE_CHECKING:
    from tests.simulation.worlds.spine import SpineWorld

#: What is no more than that is shipped within so long.
_WITHIN_S = 0.25
_EVERY_S = (0.5, 5.0)
_HURRIES = 0.3


class ShipOnce:
    """Drains all journals of a machine that nobody else ships, now and then, and sometimes what is there once more."""

    def __init__(self, world: SpineWorld) -> None:
        self._world = world
        self._drains = False

    def run(self, process: Process, stop: Event) -> None:
        """A drain, and a pause, until asked to stop."""
        world, chance = self._world, process.random
        settings = world.settings(process.machine)
        while not stop.wait(chance.random() * chance.choice(_EVERY_S)):
            home = process.machine.folder / "home"
            events = sum(len(frames_of(path)) for path in sorted(Path(home).glob("journal/*/*.seg")))
            since = world.keeping.resend_since(process)
            began = world.scheduler.now_ns
            self._hurry(process)
            try:
                ship_once(settings, resend_since=since)
            except (StreamError, JournalUnavailable):
                continue
            finally:
                self._drains = False
            took_s = (world.scheduler.now_ns - began) / NS
            if events < world.batch_events and world.keeping.troubled_ns < began and took_s > _WITHIN_S:
                world.fail("a drain ends", f"{events} events are drained for {took_s:.2f} s")

    def _hurry(self, process: Process) -> None:
        """Sometimes an engine writes faster than anybody could ship, as long as the drain goes on."""
        self._drains = True
        writers = [
            one
            for one in self._world.workloads
            if one.process is not None and one.process.machine is process.machine
        ]
        if writers and process.random.random() < _HURRIES:
            process.random.choice(writers).hurry(lambda: self._drains)
