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

#: A shipper takes at most so many events at once.
_BATCH = 256
#: What is no more than that is shipped within so long.
_WITHIN_S = 0.25
_EVERY_S = (0.5, 5.0)


class ShipOnce:
    """Drains all journals of a machine that nobody else ships, now and then, and sometimes what is there once more."""

    def __init__(self, world: SpineWorld) -> None:
        self._world = world

    def run(self, process: Process, stop: Event) -> None:
        """A drain, and a pause, until asked to stop."""
        world, chance = self._world, process.random
        settings = world.settings(process.machine)
        while not stop.wait(chance.random() * chance.choice(_EVERY_S)):
            home = process.machine.folder / "home"
            events = sum(len(frames_of(path)) for path in sorted(Path(home).glob("journal/*/*.seg")))
            since = world.keeping.resend_since(process)
            began = world.scheduler.now_ns
            try:
                ship_once(settings, resend_since=since)
            except (StreamError, JournalUnavailable):
                continue
            took_s = (world.scheduler.now_ns - began) / NS
            if events < _BATCH and world.keeping.troubled_ns < began and took_s > _WITHIN_S:
                world.fail("a drain ends", f"{events} events are drained for {took_s:.2f} s")
