"""What goes wrong around control: Redis forgets, is restored, holds garbage, is away; clocks; Postgres is away."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from signaltape.control.scripts import SAY
from signaltape.control.state import PAUSED, RUNNING, Control, State, is_newer
from signaltape.stream import control_key, processes_key
from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.machines import NS, Machine, Process
from tests.simulation.kernel.network import Service
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.kernel.story import Story
from tests.simulation.redis.model import ModelRedis
from tests.simulation.worlds.control_row import ControlRow
from tests.simulation.worlds.programs import Supervisor
from tests.simulation.worlds.streaming import STREAM

CONTROL_RATES = {
    "kill": 0.001,
    "stall": 0.0005,
    "request lost": 0.005,
    "answer lost": 0.005,
    "connection refused": 0.05,
    "slow packet": 0.005,
    "end unseen": 0.1,
    "commit answer lost": 0.05,
    "Redis crashes": 0.3,
    "Redis has an older snapshot": 0.3,
    "Redis is flushed": 0.5,
    "Redis is read-only": 0.1,
    "Redis out of reach": 0.3,
    "garbage in Redis": 0.3,
    "Postgres away": 0.3,
    "clock jumps": 0.3,
    "asked to stop": 0.3,
    "a fresh word is lost": 0.1,
    "somebody is faster": 0.3,
}
_SNAPSHOT_EVERY_S = 3.0
#: Processes look four times a second, and each second what is newer is brought to Postgres.
_FRESH_S = (0.05, 0.3, 0.6)
_GARBAGE = (
    {b"state": b"PAUSED", b"epoch": b"5"},
    {b"state": b"paused", b"epoch": b"99999999999999999999"},
    {b"state": b"running"},
    {b"x": b"\xff"},
)


class Troubled(Protocol):
    """The world, as far as it can be troubled."""

    scheduler: Scheduler
    faults: Faults
    story: Story
    machines: dict[str, Machine]
    supervisor: Supervisor
    redis: ModelRedis
    service: Service
    row: ControlRow

    def machine(self, name: str) -> Machine: ...

    def lost(self) -> None: ...

    def changed(self) -> None: ...


def say(server: ModelRedis, state: State, above: int) -> None:
    """Somebody says so to Redis, and is not held up."""
    given = (SAY, "1", control_key(STREAM), state, "somebody", "", str(above))
    server.execute(server.connect(), [b"EVAL", *(one.encode() for one in given)])


class ControlNemesis:
    """Draws a trouble every so often."""

    def __init__(self, world: Troubled) -> None:
        self._world = world
        self._chance = world.faults.chance("nemesis")
        self._snapshots: deque[object] = deque(maxlen=20)
        self._runs = 0
        self._acts: dict[str, Callable[[float], None]] = {
            "Redis crashes": self._crash,
            "Redis has an older snapshot": self._older,
            "Redis is flushed": self._flush,
            "Redis is read-only": self._read_only,
            "Redis out of reach": self._out_of_reach,
            "garbage in Redis": self._garbage,
            "Postgres away": self._away,
            "clock jumps": self._jump,
            "asked to stop": self._stop,
        }

    def start(self) -> None:
        """Begin."""
        self._spawn(self._run)
        self._spawn(self._keep_snapshots)

    def heal(self) -> None:
        """End all that lasts."""
        self._world.service.alive = True
        self._world.service.unreachable.clear()
        self._world.redis.read_only = self._world.row.away = False

    def spoken(self, in_redis: Control | None) -> None:
        """Somebody has spoken: before Postgres hears of it, Redis may forget."""
        faults = self._world.faults
        if is_newer(in_redis, self._world.row.word) and faults.strikes("a fresh word is lost"):
            self._after(faults.chance("a fresh word is lost").choice(_FRESH_S), lambda: self._flush(0.0))

    def before_command(self, argv: Sequence[bytes]) -> None:
        """What was lost is about to be said anew: before that, somebody may speak."""
        if argv[0].upper() != b"EVAL" or argv[5] != b"signaltape" or not argv[6].endswith(b"lost"):
            return
        if self._world.faults.strikes("somebody is faster"):
            state = self._world.faults.chance("somebody is faster").choice((PAUSED, RUNNING))
            say(self._world.redis, state, int(argv[7]) - 1)
            self._world.changed()

    def _run(self) -> None:
        world, chance = self._world, self._chance
        kinds = [kind for kind in self._acts if kind in world.faults.rates]
        every_s = chance.choice((1.0, 4.0, 12.0))
        while kinds:
            world.scheduler.sleep("trouble", chance.random() * every_s)
            if not world.faults.active:
                return
            kind, for_s = chance.choice(kinds), chance.choice((0.05, 1.0, 6.0, 70.0))
            if chance.random() < world.faults.rates[kind] and world.faults.happens(kind, f"for {for_s} s"):
                self._acts[kind](for_s)

    def _keep_snapshots(self) -> None:
        while self._world.faults.active:
            if self._world.service.alive:
                self._snapshots.append(self._world.redis.save())
            self._world.scheduler.sleep("a snapshot", _SNAPSHOT_EVERY_S)

    def _spawn(self, act: Callable[[], None]) -> None:
        process = Process(self._world.machine("nowhere"), "nemesis")
        process.killable = False
        process.start(act)

    def _after(self, seconds: float, end: Callable[[], None]) -> None:
        def wait() -> None:
            self._world.scheduler.sleep("the end of a trouble", seconds)
            if self._world.faults.active:
                end()

        self._spawn(wait)

    def _crash(self, seconds: float) -> None:
        if self._world.service.alive:
            self._world.service.alive = False
            self._world.service.drop_all()
            self._after(seconds, lambda: setattr(self._world.service, "alive", True))

    def _older(self, _seconds: float) -> None:
        if self._snapshots:
            self._runs += 1
            self._world.service.drop_all()
            self._world.redis.load(self._chance.choice(list(self._snapshots)), f"{self._runs:040x}")
            self._world.lost()

    def _flush(self, _seconds: float) -> None:
        self._world.redis.flush()
        self._world.lost()

    def _garbage(self, _seconds: float) -> None:
        values = self._world.redis.databases[0].values
        key = self._chance.choice((control_key(STREAM), processes_key(STREAM)))
        values[key.encode()] = dict(self._chance.choice(_GARBAGE))
        self._world.lost()

    def _read_only(self, seconds: float) -> None:
        self._world.redis.read_only = True
        self._after(seconds, lambda: setattr(self._world.redis, "read_only", False))

    def _out_of_reach(self, seconds: float) -> None:
        name = self._chance.choice(sorted(name for name in self._world.machines if name.startswith("host")))
        self._world.service.unreachable.add(name)
        self._after(seconds, lambda: self._world.service.unreachable.discard(name))

    def _away(self, seconds: float) -> None:
        self._world.row.away = True
        self._after(seconds, lambda: setattr(self._world.row, "away", False))

    def _jump(self, seconds: float) -> None:
        name = self._chance.choice(sorted(self._world.machines))
        by_s = self._chance.choice((-60, -1, 1, 60)) * seconds
        self._world.machines[name].ahead_ns += int(by_s * NS)
        self._world.story.tell("world", f"the clock of {name} jumps by {by_s} s")

    def _stop(self, _seconds: float) -> None:
        running = self._world.supervisor.running()
        if running:
            self._world.supervisor.ask_to_stop(self._chance.choice(running))
