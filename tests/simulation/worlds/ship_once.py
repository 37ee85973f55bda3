"""`signaltape ship --once`, again and again beside everything else: it ends, however much engines write meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from signaltape.errors import JournalUnavailable
from signaltape.shipping.client import StreamError
from signaltape.shipping.journal import BATCH_EVENTS
from signaltape.shipping.service import ship_once
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.kernel.threads import Event
from tests.simulation.worlds.spine_base import SpineBase
from tests.simulation.worlds.truth import frames_of

#: Of each journal goes what waits there, and so many batches of what comes meanwhile, at most.
_BATCHES = 4
#: What was amiss so long ago is over.
_LONG_NS = 10 * NS
_EVERY_S = (0.5, 5.0)


class _Drain(NamedTuple):
    """One that goes on: who does it, since when, and how much of its machine's Redis had then."""

    process: Process
    began_ns: int
    taken: int


class ShipOnce:
    """Drains all journals of a machine that nobody else ships, now and then, and sometimes what is there once more.

    hurries: how likely an engine writes without a pause as long as a drain goes on.
    """

    def __init__(self, world: SpineBase, hurries: float) -> None:
        self._world = world
        self._hurries = hurries
        self._drain: _Drain | None = None
        #: after so many events it must end; None: Redis has none of it yet, for all we know
        self._most: int | None = None
        #: when the last one began that ended well: what Redis lacked before, it was given again
        self._made_up_ns = -1

    def run(self, process: Process, stop: Event) -> None:
        """A drain, and a pause, until asked to stop."""
        world, chance = self._world, process.random
        settings = world.settings(process.machine)
        while not stop.wait(chance.random() * chance.choice(_EVERY_S)):
            since = world.keeping.resend_since(process)
            taken = world.keeping.taken[process.machine.name]
            self._drain, self._most = _Drain(process, world.scheduler.now_ns, taken), None
            self._hurry(process)
            try:
                ship_once(settings, resend_since=since)
                self._made_up_ns = self._drain.began_ns
            except JournalUnavailable:
                pass
            except StreamError as error:
                self._check_trouble(error)
            finally:
                self._drain = None

    def check(self) -> None:
        """A drain that goes on must not do so behind all that comes meanwhile."""
        drain, world = self._drain, self._world
        if drain is None or drain.process.dead or world.keeping.troubled_ns >= self._made_up_ns:
            return
        went = world.keeping.taken[drain.process.machine.name] - drain.taken
        if went and self._most is None:  # it ships, so what it is to ship is behind no more than there is now
            self._most = went + self._most_of(drain.process)
        elif self._most is not None and went > self._most:
            world.fail(
                "a drain ends", f"no more than {self._most} events waited, and it ships on after {went}"
            )

    def _most_of(self, process: Process) -> int:
        """How many events a drain may still ship that is about it."""
        world, journals = self._world, Path(process.machine.folder / "home" / "journal")
        held = (given for path in sorted(journals.glob("*/*.seg")) for given in frames_of(path))
        waiting = sum(not world.keeping.was_sent(given) for given in held)
        batch = world.batch_events if world.faults.active else BATCH_EVENTS
        return len(list(journals.glob("tape-*/"))) * (waiting + _BATCHES * batch)

    def _check_trouble(self, error: StreamError) -> None:
        """Redis counts as the trouble: only if it is."""
        world = self._world
        if world.lasting.broken and world.keeping.troubled_ns < world.scheduler.now_ns - _LONG_NS:
            world.fail("trouble is called by its name", f"files fail, and Redis is said to: {error}")

    def _hurry(self, process: Process) -> None:
        """Sometimes an engine writes faster than anybody could ship, as long as the drain goes on."""
        drain = self._drain
        writers = [
            one
            for one in self._world.workloads
            if one.process is not None and one.process.machine is process.machine
        ]
        if writers and process.random.random() < self._hurries:
            process.random.choice(writers).hurry(lambda: self._drain is drain)
