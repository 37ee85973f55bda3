"""What may go wrong with Redis beyond a crash: older data, other servers, short memory, keys of another kind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from tests.simulation.kernel.machines import Process
from tests.simulation.redis.data import Fields, Stream
from tests.simulation.redis.ids import Id
from tests.simulation.worlds.spine_base import Lasts, SpineBase

_SNAPSHOT_EVERY_S = 4.0
_SNAPSHOTS = 40
#: What a user of Redis may not call, at times.
_REFUSED = (("info",), ("xinfo|stream",), ("xrange",), ("info", "xinfo|stream", "xrange"))
#: How likely a command meets a memory that is full just then, and one after which something is evicted.
_SHORT, _EVICTS = 0.2, 0.1


class RedisTroubles:
    """Acts of the nemesis, and what happens between two commands while one of them lasts."""

    def __init__(self, world: SpineBase) -> None:
        self._world = world
        self._chance = world.faults.chance("troubles of Redis")
        self._snapshots: deque[object] = deque(maxlen=_SNAPSHOTS)
        self._short = self._evicting = False
        #: streams in whose place there is something else now
        self._hidden: dict[bytes, Stream] = {}
        rates = world.faults.rates
        if "Redis refuses to tell" in rates:
            world.blind = True
            world.redis.refused = set(self._chance.choice(_REFUSED))
        if "Redis has an older snapshot" in rates or "Redis fails over" in rates:
            process = Process(world.machine("nowhere"), "snapshots")
            process.killable = False
            process.start(self._keep_snapshots)

    def acts(self, last: Lasts) -> dict[str, Callable[[float], str]]:
        """By the kind of fault. last: ends a trouble after so many seconds."""

        def short(seconds: float) -> str:
            self._short = True
            return last(seconds, self._end_short, "short of memory")

        def evicting(seconds: float) -> str:
            self._evicting = True
            return last(min(max(seconds, 2.0), 6.0), self._end_evicting, "evicting")

        def another_kind(seconds: float) -> str:
            end = self.replace(self._chance.choice(self._world.stream_keys))
            return last(seconds, end, "a key of another kind")

        return {
            "Redis has an older snapshot": lambda _seconds: self._older(),
            "Redis fails over": lambda _seconds: self._fail_over(),
            "Redis is short of memory": short,
            "Redis keeps evicting": evicting,
            "a key of another kind": another_kind,
        }

    def heal(self) -> None:
        """End what lasts."""
        self._end_short()
        self._end_evicting()
        for key in list(self._hidden):
            self._put_back(key)

    def on_command(self, argv: Sequence[bytes]) -> None:
        """A command was carried out."""
        world, chance = self._world, self._chance
        if self._short:
            world.redis.out_of_memory = chance.random() < _SHORT
        if self._evicting and argv[0].upper() == b"XADD" and chance.random() < _EVICTS:
            self._forget()
            world.story.tell("Redis", f"evicts {argv[1].decode()}")
            world.redis.evict(argv[1])

    def entries(self, key: bytes) -> list[tuple[Id, Fields]]:
        """What a stream holds, wherever it is."""
        held = self._hidden.get(key)
        if held is not None:
            return [(one, held.entries.of[one]) for one in held.entries.ids]
        return self._world.redis.entries(key)

    def restarted(self) -> None:
        """Another server is there: what was put in the place of a stream is not."""
        self._hidden.clear()
        values = self._world.redis.databases[0].values
        for key in self._world.stream_keys:
            if isinstance(values.get(key), dict):
                del values[key]
                self._forget()

    def replace(self, key: bytes) -> Callable[[], None]:
        """Put a hash in the place of a stream. Gives what puts the stream back."""
        values = self._world.redis.databases[0].values
        if key not in values or isinstance(values[key], dict):
            return lambda: None
        held = values[key]
        assert isinstance(held, Stream)
        values[key], self._hidden[key] = {b"of": b"others"}, held
        self._world.story.tell("world", f"{key.decode()} is a hash now")

        return lambda: self._put_back(key)

    def _put_back(self, key: bytes) -> None:
        values, held = self._world.redis.databases[0].values, self._hidden.pop(key, None)
        if held is not None and isinstance(values.get(key), dict):
            values[key] = held
        else:  # flushed, or another server's, meanwhile
            self._forget()

    def _end_short(self) -> None:
        self._short = self._world.redis.out_of_memory = False

    def _end_evicting(self) -> None:
        self._evicting = False

    def _forget(self) -> None:
        self._world.redis_forgot = True
        self._world.keeping.excuse()

    def _keep_snapshots(self) -> None:
        while self._world.faults.active:
            self._snapshots.append(self._world.redis.save())
            self._world.scheduler.sleep("a snapshot", _SNAPSHOT_EVERY_S)
        self._snapshots.clear()

    def _older(self) -> str:
        return self._restart(self._chance.randrange(len(self._snapshots) or 1))

    def _fail_over(self) -> str:
        return self._restart(len(self._snapshots) - 1)

    def _restart(self, number: int) -> str:
        if self._snapshots:
            age = (len(self._snapshots) - number) * _SNAPSHOT_EVERY_S
            self._world.story.tell("world", f"another Redis, with data as they were up to {age:.0f} s ago")
            self._forget()
            self._world.restart_redis(self._snapshots[number])
        return "another Redis"
