"""Redis loses what no worker has stored yet, in ways of which few looks at its streams tell; engines die unseen.

What Postgres has is lost to nobody: so it is away meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.network import Line
from tests.simulation.redis.data import Stream
from tests.simulation.worlds.spine_base import Lasts, SpineBase

#: For so long Redis writes down nothing, and for the time besides by which clocks may differ.
_BEHIND_S = (10.0, 40.0, 100.0)
#: One that has written down all but so much lacks a partition besides.
_TAIL_S = (0.5, 4.0)
#: What is to happen amid a batch waits for one for so long at most.
_PATIENCE_S = 12.0
_CUT_OFF_S = (8.0, 20.0, 40.0)
#: What no worker has stored is sent within so long before it is lost.
_SOON_S = 5.0
#: For so long nobody on a machine writes; others ship what is there.
_LEFT_S = (30.0, 120.0, 1_000.0)
#: Where journals are kept for so long at most, nobody ships for that and so much more.
_SHORT_KEEP_S, _UNSHIPPED_S = 15, (10.0, 30.0)


class Unread:
    """Acts of the nemesis, and what happens between two commands of one batch."""

    def __init__(self, world: SpineBase) -> None:
        self._world = world
        self._chance = world.faults.chance("losses of what is unread")
        self._amid = False
        #: whether there is one already
        self._lasts = False
        #: the connection and the stream that the last command added to, and how much the batch did so far
        self._adds: tuple[Line, bytes] | None = None
        self._added = 0

    def acts(self, last: Lasts) -> dict[str, Callable[[float], str]]:
        """By the kind of fault. last: ends a trouble after so many seconds."""

        def alone(seconds: float, end: Callable[[], None], what: str) -> str:
            """As long as it lasts none of the others begins: it would be over with the first of them."""
            self._lasts = True

            def over() -> None:
                self._lasts = False
                end()

            return last(seconds, over, what)

        def amid_a_batch(_seconds: float) -> str:
            self._amid = True
            self._store(False)
            if self._chance.random() < 0.7:
                self._evict(*self._world.stream_keys)  # of few entries there are soon as many as before
            return alone(_PATIENCE_S, self._end_amid, "the wait for a batch to evict its stream amid it")

        def by_minutes(_seconds: float) -> str:
            data = self._world.redis.save()
            seconds = self._world.margin_s + self._chance.choice(_BEHIND_S)
            self._store(False)
            return alone(
                seconds, lambda: self._fall_back(data), f"a Redis whose disk is {seconds:.0f} s behind"
            )

        def out_of_sight(_seconds: float) -> str:
            self._store(False)
            seconds, machine = self._chance.choice(_CUT_OFF_S), self._chance.choice(self._world.homes)
            self._spawn(_SOON_S * self._chance.random(), lambda: self._evict_unseen(machine.name))
            return alone(
                seconds,
                lambda: self._reach_again(machine.name),
                f"an eviction that {machine.name} cannot see",
            )

        def cut_off(_seconds: float) -> str:
            seconds, machine = self._chance.choice(_CUT_OFF_S), self._chance.choice(self._world.homes)
            self._world.service.unreachable.add(machine.name)
            self._spawn(seconds * self._chance.random(), lambda: self._kill_engines(machine.name))
            what = f"an outage for {machine.name} amid which engines die"
            return last(seconds, lambda: self._reach_again(machine.name), what)

        def leave(_seconds: float) -> str:
            self._engines_leave()
            return "left"

        def shippers_leave(_seconds: float) -> str:
            self._shippers_leave()
            return "left"

        def unless_one_lasts(act: Callable[[float], str]) -> Callable[[float], str]:
            return lambda seconds: "one lasts" if self._lasts else act(seconds)

        return {
            "a stream is evicted amid a batch": unless_one_lasts(amid_a_batch),
            "Redis falls back by minutes": unless_one_lasts(by_minutes),
            "Redis evicts out of sight": unless_one_lasts(out_of_sight),
            "engines die cut off": cut_off,
            "engines leave": leave,
            "shippers leave": shippers_leave,
        }

    def on_command(self, line: Line, argv: Sequence[bytes]) -> None:
        """A command was carried out."""
        if argv[0].upper() != b"XADD":
            self._adds = None
            return
        key, before = argv[1], self._adds
        self._adds = line, key
        self._added = self._added + 1 if before == self._adds else 1
        if self._amid and self._is_soon_as_long(line, key):
            self._amid = False
            self._world.story.tell("Redis", f"evicts {key.decode()} amid a batch")
            self._evict(key)

    def heal(self) -> None:
        """End what lasts."""
        self._amid = False

    def _is_soon_as_long(self, line: Line, key: bytes) -> bool:
        """Whether the rest of the batch is as much as the stream ever had before it."""
        held = self._world.redis.databases[0].values.get(key)
        rest = sum(argv[0].upper() == b"XADD" and argv[1] == key for _, argv in line.requests)
        return isinstance(held, Stream) and 1 <= held.added - self._added <= rest

    def _end_amid(self) -> None:
        self._amid = False
        self._store(True)

    def _fall_back(self, data: object) -> None:
        """Another server with data of minutes ago; or with all but the last seconds, and without one partition."""
        world, keys = self._world, self._world.stream_keys
        gone: list[bytes] = []
        if len(keys) > 1 and self._chance.random() < 0.7:
            data, gone = world.redis.save(), [self._chance.choice(keys)]
            world.scheduler.sleep("the last seconds", self._chance.choice(_TAIL_S))
        world.story.tell("world", f"another Redis, without {b' '.join(gone).decode() or 'all that is new'}")
        self._forget()
        world.restart_redis(data)
        self._evict(*gone)
        self._store(True)

    def _evict_unseen(self, machine: str) -> None:
        self._world.service.unreachable.add(machine)
        self._evict(*self._world.stream_keys)

    def _reach_again(self, machine: str) -> None:
        self._world.service.unreachable.discard(machine)
        self._store(True)

    def _kill_engines(self, machine: str) -> None:
        for program in self._world.supervisor.running():
            if program.name.startswith("engine") and program.machine.name == machine:
                assert program.process is not None
                program.process.kill()

    def _engines_leave(self) -> None:
        """Of a machine that has somebody else who ships."""
        supervisor = self._world.supervisor
        machines = [one.machine for one in supervisor.programs if one.name.startswith("ship")]
        if not machines:
            return
        machine, seconds = self._chance.choice(machines), self._chance.choice(_LEFT_S)
        self._world.story.tell("world", f"all engines leave {machine.name} for {seconds:.0f} s")
        for program in supervisor.programs:
            if program.name.startswith("engine") and program.machine is machine:
                supervisor.keep_away(program, seconds)
                if program.process is not None and self._chance.random() < 0.5:
                    program.process.kill()

    def _shippers_leave(self) -> None:
        """What engines that do not ship themselves write meanwhile is shipped when it is old."""
        supervisor, keep_s = self._world.supervisor, self._world.keep_s
        shippers = [one for one in supervisor.programs if one.name.startswith("ship")]
        if not shippers or keep_s > _SHORT_KEEP_S:
            return
        machine, seconds = self._chance.choice(shippers).machine, keep_s + self._chance.choice(_UNSHIPPED_S)
        self._world.story.tell("world", f"nobody ships on {machine.name} for {seconds:.0f} s")
        for program in shippers:
            if program.machine is machine:
                supervisor.keep_away(program, seconds)

    def _evict(self, *keys: bytes) -> None:
        for key in keys:
            self._forget()
            self._world.redis.evict(key)

    def _forget(self) -> None:
        self._world.redis_forgot = True
        self._world.keeping.excuse()

    def _store(self, does: bool) -> None:
        """Whether workers can."""
        self._world.database.away = not does

    def _spawn(self, after_s: float, act: Callable[[], None]) -> None:
        def run() -> None:
            self._world.scheduler.sleep("its moment", after_s)
            if self._world.faults.active:
                act()

        process = Process(self._world.machine("nowhere"), "trouble")
        process.killable = False
        process.start(run)
