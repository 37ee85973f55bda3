"""Isolated attempts of consumers: how many ended in a crash, and whether all others were struck out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from consumer.poison import crash_key
from signaltape.stream import WORKER_GROUP, entry_order
from tests.simulation.kernel.machines import Process
from tests.simulation.worlds.streaming import StreamWorld

_GROUP = WORKER_GROUP.encode()


class IsolatedAttempts:
    """Follows the counts that consumers keep in Redis.

    holder_of: the process of a consumer's name.
    """

    def __init__(self, world: StreamWorld, holder_of: Callable[[str], Process | None]) -> None:
        self._world = world
        self._holder_of = holder_of
        self._streams = {crash_key(key.decode()).encode(): key for key in world.stream_keys}
        #: by the process that is at it
        self._open: dict[Process, tuple[str, str]] = {}
        #: tries that a process has begun and, as it seems, did not live to strike out
        self.crashes: Counter[tuple[str, str]] = Counter()

    def after(self, argv: Sequence[bytes], answer: bytes | None) -> None:
        """A command was carried out: perhaps a try begins or ends."""
        key = self._streams.get(argv[1]) if len(argv) > 2 else None
        if key is None or self._world.redis_forgot:
            return
        command, place = argv[0].upper(), (key.decode(), argv[2].decode())
        if command == b"HDEL":
            self._open = {process: one for process, one in self._open.items() if one != place}
        elif command == b"HINCRBY" and answer is not None and answer.startswith(b":"):
            held = self._world.redis.pending(key, _GROUP).get(entry_order(place[1]))
            process = None if held is None else self._holder_of(held[0].decode())
            if process is None:
                return
            if process in self._open:
                self._world.fail(
                    "isolated attempts are struck out",
                    f"{process.name} tries {place}, it still counts that of {self._open[process]}",
                )
            self._open[process] = place

    def broken_off(self, process: Process, name: str) -> None:
        """A process died or lost Redis: what it has begun will not be struck out by it."""
        self._open.pop(process, None)
        for key in self._world.stream_keys:
            tries = self.counted(key)
            pending = self._world.redis.pending(key, _GROUP) if tries else {}
            for one in tries:
                held = pending.get(entry_order(one))
                if held is not None and held[0] == name.encode():
                    self.crashes[key.decode(), one] += 1

    def counted(self, key: bytes) -> dict[str, int]:
        """What Redis counts of a stream."""
        held = self._world.redis.databases[0].values.get(crash_key(key.decode()).encode(), {})
        return {one.decode(): int(count) for one, count in held.items()} if isinstance(held, dict) else {}
