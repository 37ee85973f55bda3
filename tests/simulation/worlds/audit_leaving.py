"""No consumer stays behind: who ends in order deletes its own where it holds nothing, who lives those of the dead."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence

from consumer.lua import DELETE_IDLE_CONSUMER
from signaltape.stream import WORKER_GROUP
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.worlds.streaming import StreamWorld

_GROUP = WORKER_GROUP.encode()
_DELETES = DELETE_IDLE_CONSUMER.encode()
#: Who said this could not, or not everywhere.
_EXCUSES = ("left without signing off", "%s is left out for now")
#: When all is done and nothing is wrong, those who live delete what the dead left: after so many times what they wait
#: before they take anything over, and so long besides, for clocks that jumped and those who look in turns.
_WAITS, _BESIDES_S = 3, 120.0


class Leaving:
    """Knows which partitions each worker has read, and what is left of it there."""

    def __init__(self, world: StreamWorld) -> None:
        self._world = world
        #: partitions that a consumer has read since its process began
        self._read: defaultdict[str, set[bytes]] = defaultdict(set)
        #: those where it held something when it left: others may have taken that over since
        self._kept: defaultdict[str, set[bytes]] = defaultdict(set)
        self._excused: set[Process] = set()
        #: since when nothing else is left to do
        self._since_ns: int | None = None

    def begins(self, name: str) -> None:
        """A worker has begun under the name of a consumer."""
        self._read[name].clear()
        self._kept[name].clear()

    def after(self, argv: Sequence[bytes]) -> None:
        """A command was carried out."""
        command = argv[0].upper()
        if command == b"XREADGROUP" and argv[2] == _GROUP:
            words = argv[argv.index(b"STREAMS") + 1 :]
            self._read[argv[3].decode()].update(words[: len(words) // 2])
        elif command == b"EVAL" and argv[1] == _DELETES and argv[6] == b"0":  # others wait until it is idle
            key, name = argv[3], argv[5]
            if self._held(key).get(name):
                self._kept[name.decode()].add(key)

    def heard(self, process: Process, record: logging.LogRecord) -> None:
        """A program said something."""
        if str(record.msg).startswith(_EXCUSES):
            self._excused.add(process)

    def ended(self, process: Process, name: str) -> None:
        """A worker ended in order."""
        if process in self._excused or self._world.redis_forgot:
            return
        for key in sorted(self._read[name] - self._kept[name]):
            if self._held(key).get(name.encode()) == 0:
                self._fail(f"{name}, which holds nothing, is a consumer of {key!r}")

    def none_is_left(self, living: Collection[str]) -> bool:
        """Whether, now that nothing else is left to do, nobody is a consumer but those who live."""
        dead = [
            f"{name.decode()} of {key.decode()}, which holds {held}"
            for key in self._world.stream_keys
            for name, held in sorted(self._held(key).items())
            if name.decode() not in living
        ]
        now = self._world.scheduler.now_ns
        since_ns = self._since_ns = now if self._since_ns is None or not dead else self._since_ns
        most_s = _WAITS * self._world.claim_idle_ms / 1000 + _BESIDES_S
        if now - since_ns > most_s * NS:
            self._fail(f"for {most_s:.0f} s nobody deletes of the dead: {', '.join(dead)}")
        return not dead

    def _held(self, key: bytes) -> dict[bytes, int]:
        """The consumers of a partition, and how many entries each holds."""
        return self._world.redis.held_by(key, _GROUP)

    def _fail(self, text: str) -> None:
        self._world.fail("leaves nothing behind", text)
