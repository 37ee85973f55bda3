"""Control: engines that follow it, workers that reconcile, people who pause and resume, servers that forget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import signaltape.control.identity
import signaltape.control.registry  # all of it must be there to be given what is simulated
import sink.control
import sink.reconciling
from signaltape.control.processes import processes_of
from signaltape.control.state import Control, Garbled, control_of, is_newer
from signaltape.stream import control_key, processes_key
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.kernel.network import Line, Service
from tests.simulation.redis.model import ModelRedis
from tests.simulation.worlds.base import World
from tests.simulation.worlds.control_nemesis import CONTROL_RATES, ControlNemesis
from tests.simulation.worlds.control_programs import Programs
from tests.simulation.worlds.control_row import ControlRow
from tests.simulation.worlds.control_trials import ControlTrials
from tests.simulation.worlds.streaming import STREAM

#: Who says anew what was lost.
ITSELF = "signaltape"
#: So far ahead a clock once was that was set since: numbers grow by one.
_HOUR_MS = 3_600_000


class ControlWorld(World):
    """Every live process comes to the newest word that is kept, and none that is kept is lost."""

    name = "control"
    RATES = CONTROL_RATES
    #: some minutes: who is gone is taken out of the list after one
    SETTLING_STEPS = 150_000

    def build(self) -> None:
        chance = self.chance
        host = self.machine("redis-host")
        host.ahead_ns = chance.choice((0, 0, 3 * NS, -3 * NS))
        self.redis = ModelRedis(lambda: host.wall_ns // 1_000_000, f"{0:040x}")
        self.service = Service(self.scheduler, self.redis, self.faults, self.story, "Redis")
        self.service.wall_ms = lambda: host.wall_ns // 1_000_000
        self.service.on_command = self._on_command
        self.simulated.services["redis"] = self.service
        epoch = chance.choice((1, 1, 1, host.wall_ns // 1_000_000 + _HOUR_MS))
        self.row = ControlRow(self, self.machine("postgres-host"), self.changed, epoch)
        self._undo: list[Callable[[], None]] = []
        #: the newest word that is kept somewhere: only what loses it may take it back
        self.floor: Control | None = None
        self._last_in_redis: Control | None = None
        #: of each word that was ever kept anywhere
        self._orders = {self.row.word.order}
        self._stand_in()
        process = Process(host, "redis-server")
        process.killable = False
        process.start(self.service.run)
        self.programs = Programs(self.scheduler, self.row, self.fail)
        self._start_programs()
        self.nemesis = ControlNemesis(self)
        self.service.before_command = self.nemesis.before_command
        self.trials = ControlTrials(self)
        self.nemesis.start()

    def check(self) -> None:
        for follows in list(self.programs.live.values()):
            follows.check()
        self.changed()

    def settle(self) -> None:
        self.trials.begin()

    def is_settled(self) -> bool:
        return self.trials.is_over and self.is_at_rest()

    def is_at_rest(self) -> bool:
        """Whether all do what is kept, and say so."""
        word = self.in_redis()
        if word is None or word.order != self.row.word.order:
            return False
        if self.scheduler.now_ns < self.stalled_until_ns:  # it cannot say good-bye in time
            return False
        live = list(self.programs.live.values())
        fields = self._hash(processes_key(STREAM))
        listed = {one.name: one for one in processes_of(fields)}
        names = {one.presence.name for one in live}
        return (
            names <= listed.keys()
            and len(fields) == len(listed)
            # who died is named for some hours
            and all(one.is_gone(self.service.wall_ms()) for name, one in listed.items() if name not in names)
            and all(
                follows.presence.known is not None
                and follows.presence.known.order == word.order
                and follows.paused == word.paused
                and listed[follows.presence.name].epoch == word.epoch
                and listed[follows.presence.name].state == word.state
                and not listed[follows.presence.name].is_silent(self.service.wall_ms())
                for follows in live
            )
        )

    def heal(self) -> None:
        self.nemesis.heal()
        self.programs.over = True

    def verify(self) -> None:
        now_ms = self.service.wall_ms()
        listed = processes_of(self._hash(processes_key(STREAM)))
        if there := sorted(one.name for one in listed if not one.is_gone(now_ms)):
            self.fail("who ends leaves the list", f"all have ended, and there are {there}")

    def lost(self) -> None:
        """Redis holds something else now: only what Postgres has is surely kept."""
        self.floor = self._last_in_redis = None
        self.changed()

    def cleanup(self) -> None:
        for undo in self._undo:
            undo()

    def _start_programs(self) -> None:
        chance = self.chance
        for number in range(chance.choice((1, 2, 4))):
            host = self.machine(f"host-{chance.choice((1, 2))}")
            self.program(host, f"engine {number + 1}", self.programs.engine)
        for number in range(chance.choice((1, 1, 2))):
            self.program(self.machine("host-3"), f"worker {number + 1}", self.programs.worker)
        for number in range(chance.choice((1, 2))):
            self.program(self.machine("host-4"), f"commander {number + 1}", self.programs.commander)

    def _stand_in(self) -> None:
        row = self.row
        for name in ("read", "keep", "say"):
            self._put(sink.control, name, getattr(row, name))
        self._put(sink.reconciling, "connect", row.connect)
        self._put(sink.reconciling, "be_short", lambda _session, _ms: None)
        self._put(signaltape.control.identity, "socket", _Sockets(self))

    def _put(self, module: Any, name: str, value: Any) -> None:
        self._undo.append(partial(setattr, module, name, getattr(module, name)))
        setattr(module, name, value)

    def _on_command(self, _line: Line, argv: Sequence[bytes], _answer: bytes | None) -> None:
        if argv[0].upper() in (b"EVAL", b"HSET", b"HDEL"):
            self.changed()
        if argv[0].upper() == b"EVAL":
            self.nemesis.spoken(self.in_redis())

    def changed(self) -> None:
        """What is kept by now, in one place or the other, is no older than what was kept."""
        kept: Control | None = self.row.word
        in_redis = self.in_redis()
        if is_newer(self._last_in_redis, in_redis):
            self.fail("no word is older", f"{in_redis} came after {self._last_in_redis}")
        self._look_at_recovery(in_redis)
        self._last_in_redis = in_redis
        kept = in_redis if is_newer(in_redis, kept) else kept
        if is_newer(self.floor, kept):
            self.fail("what is kept is not lost", f"{self.floor} was kept, now {kept} is the newest")
        self.floor = kept

    def _look_at_recovery(self, in_redis: Control | None) -> None:
        """What is said anew was said before, behind what it takes the place of, and resumes nobody."""
        before = self._last_in_redis
        if in_redis is not None and in_redis.by == ITSELF and in_redis.order not in self._orders:
            kept = before.order if before is not None else (0, False)
            lost = [order for order in self._orders if kept < order < in_redis.order]
            if not lost:
                self.fail("nobody is overtaken", f"{in_redis} was said after {before}, and nothing was lost")
            if kept[1] and not in_redis.paused:
                self.fail("nobody is overtaken", f"{in_redis} ends {before}")
            if in_redis.paused and not kept[1] and not any(paused for _, paused in lost):
                self.fail("a pause is somebody's", f"{in_redis} was said after {before}, and nobody paused")
        self._orders |= {one.order for one in (in_redis, self.row.word) if one is not None}

    def in_redis(self) -> Control | None:
        """What stands there, if it can be read."""
        try:
            return control_of(self._hash(control_key(STREAM)))
        except Garbled:
            return None

    def _hash(self, key: str) -> dict[bytes, bytes]:
        held = self.redis.databases[0].values.get(key.encode())
        return dict(held) if isinstance(held, dict) else {}


class _Sockets:
    """The module `socket`, as far as it knows the machine's name; in some worlds all machines have the same."""

    def __init__(self, world: ControlWorld) -> None:
        self._world = world
        self._alike = world.chance.random() < 0.3

    def gethostname(self) -> str:
        task = self._world.scheduler.current
        return "host" if self._alike or task is None else task.process.machine.name
