"""Who ends in order leaves no consumer behind that holds nothing."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

from signaltape.stream import WORKER_GROUP
from tests.simulation.kernel.machines import Process
from tests.simulation.worlds.streaming import StreamWorld

_GROUP = WORKER_GROUP.encode()
#: Who said this could not, or not everywhere.
_EXCUSES = ("left without signing off", "%s is left out for now")


class Leaving:
    """Knows which partitions each worker has read, and what is left of it there."""

    def __init__(self, world: StreamWorld) -> None:
        self._world = world
        #: partitions that a consumer has read since its process began
        self._read: defaultdict[str, set[bytes]] = defaultdict(set)
        self._excused: set[Process] = set()

    def begins(self, name: str) -> None:
        """A worker has begun under the name of a consumer."""
        self._read[name].clear()

    def after(self, argv: Sequence[bytes]) -> None:
        """A command was carried out."""
        if argv[0].upper() == b"XREADGROUP" and argv[2] == _GROUP:
            words = argv[argv.index(b"STREAMS") + 1 :]
            self._read[argv[3].decode()].update(words[: len(words) // 2])

    def heard(self, process: Process, record: logging.LogRecord) -> None:
        """A program said something."""
        if str(record.msg).startswith(_EXCUSES):
            self._excused.add(process)

    def ended(self, process: Process, name: str) -> None:
        """A worker ended in order."""
        world = self._world
        if process in self._excused or world.redis_forgot:
            return
        for key in sorted(self._read[name]):
            if world.redis.held_by(key, _GROUP).get(name.encode()) == 0:
                world.fail("leaves nothing behind", f"{name}, which holds nothing, is a consumer of {key!r}")
