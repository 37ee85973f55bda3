"""Trouble of one stream, or one journal, that is not over when all others are: what it does not concern must end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from signaltape.stream import route
from tests.simulation.worlds.spine_base import SpineBase
from tests.simulation.worlds.truth import Given, frames_of

#: So many events engines still give beside it.
_FAREWELLS = 3
_RECORDS_BY = "SOL-USDT-SWAP"


class Lasting:
    """Begins when faults end, and ends when all that it does not concern is done."""

    def __init__(self, world: SpineBase) -> None:
        self._world = world
        self._chance = world.faults.chance("lasting trouble")
        #: whether there is one
        self.begun = False
        #: what the path of a file begins with that can be neither read nor written
        self.broken = ""
        self._end: Callable[[], None] = lambda: None
        #: of what waits: what it concerns
        self._concerned: Callable[[set[Given]], set[Given]] = lambda _waiting: set()

    def begin(self) -> None:
        """Perhaps there is one."""
        world, kinds = self._world, self._world.faults.rates
        keys = world.stream_keys
        if "a stream refuses on" in kinds and len(keys) > 1:
            # a journal waits behind the first event that is refused: the one of records goes to one stream only
            records = keys[route(_RECORDS_BY) % len(keys)]
            key = self._chance.choice([key for key in keys if key != records])
            self._end = world.redis_troubles.replace(key)
            # who reads several streams may read none while one is of another kind: sent is enough
            sent = world.keeping.was_sent
            self._concerned = lambda waiting: {
                given for given in waiting if given.key.event != "record" or sent(given)
            }
            self.begun = True
        elif "files fail on" in kinds:
            folder = self._a_journal()
            if folder is not None:
                self.broken = f"{folder}/"
                self._concerned = lambda _waiting: {
                    given for path in sorted(folder.glob("*.seg")) for given in frames_of(path)
                }
                self._end = lambda: setattr(self, "broken", "")
                self.begun = True
                world.story.tell("world", f"the files of {folder.name} cannot be read on")
                for workload in world.workloads:
                    workload.farewells = _FAREWELLS

    def _a_journal(self) -> Path | None:
        """Any; rather the first of several."""
        homes = [sorted(machine.folder.glob("home/journal/tape-*/")) for machine in self._world.homes]
        several = [folders for folders in homes if len(folders) > 1]
        if several and self._chance.random() < 0.7:
            return self._chance.choice(several)[0]
        folders = [folder for home in homes for folder in home]
        return self._chance.choice(folders) if folders else None

    def end_if_rest_is_done(self) -> None:
        """Nothing else is left to do: it ends."""
        waiting = self._world.audit.waiting()
        if waiting <= self._concerned(waiting):
            self.begun = False
            self._end()
            self._world.disturb()
            self._world.keeping.excuse()
            self._world.story.tell("world", "the last trouble ends")
