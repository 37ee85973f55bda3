"""Trouble of one stream, or one journal, that is not over when all others are: what it does not concern must end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from signaltape.stream import route
from tests.simulation.worlds.truth import Given, frames_of

if TYPE_CHECKING:
    from tests.simulation.worlds.spine import SpineWorld

_RECORDS_BY = "SOL-USDT-SWAP"


class Lasting:
    """Begins when faults end, and ends when all that it does not concern is done."""

    def __init__(self, world: SpineWorld) -> None:
        self._world = world
        self._chance = world.faults.chance("lasting trouble")
        #: whether there is one
        self.begun = False
        #: what the path of a file begins with that can be neither read nor written
        self.broken = "\0"
        self._end: Callable[[], None] = lambda: None
        self._exempt: Callable[[Given], bool] = lambda _given: False

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
            self._exempt = lambda given: given.key.event != "record" or sent(given)
            self.begun = True
        elif "files fail on" in kinds:
            folders = sorted(
                path for machine in world.homes for path in machine.folder.glob("home/journal/tape-*/")
            )
            if folders:
                folder = self._chance.choice(folders)
                self.broken = f"{folder}/"
                self._exempt = lambda given: any(given in frames_of(path) for path in folder.glob("*.seg"))
                self._end = lambda: setattr(self, "broken", "\0")
                self.begun = True
                world.story.tell("world", f"the files of {folder.name} cannot be read on")

    def end_if_rest_is_done(self) -> None:
        """Nothing else is left to do: it ends."""
        if all(self._exempt(given) for given in self._world.audit.waiting()):
            self.begun = False
            self._end()
            self._world.disturb()
            self._world.keeping.excuse()
            self._world.story.tell("world", "the last trouble ends")
