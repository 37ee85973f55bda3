"""What troubles consumers: entries deleted, foreign or deadly, a Postgres that refuses, failovers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from signaltape.stream import WORKER_GROUP
from tests.simulation.kernel.machines import Process
from tests.simulation.redis.ids import show
from tests.simulation.tables.database import ModelDatabase
from tests.simulation.worlds.truth import given_of

if TYPE_CHECKING:
    from tests.simulation.worlds.consuming import ConsumingWorld

#: Kinds, and how likely each strikes when it is drawn.
CONSUMING_RATES = {
    "entries deleted": 0.3,
    "partition unreadable": 0.2,
    "Postgres slow": 0.3,
    "Postgres silent": 0.3,
    "Postgres opens slowly": 0.3,
    "Postgres refuses all": 0.2,
    "Postgres refuses a kind": 0.3,
    "Postgres refuses, then is away": 0.4,
    "row refused": 0.3,
    "poison": 0.3,
    "foreign entries": 0.3,
    "Redis fails over": 0.3,
    "Redis crashes amid a batch": 0.5,
    "workers held back": 0.3,
}
#: They excuse neither a second writing nor a late end.
CONSUMING_MILD = (
    "Postgres slow",
    "Postgres silent",
    "Postgres refuses all",
    "foreign entries",
    "row refused",
)
#: They keep no living worker from saying what it has in hand.
CONSUMING_HARMLESS = tuple(kind for kind in CONSUMING_RATES if not kind.startswith(("Redis", "partition")))
_KINDS = ("signal_published", "signal_triggered", "state_event")
#: States that say that the entry is refused, and others that pass.
_STATES = ("42501", "42P01", "XX000", "53100", "57014")
_FOREIGN: tuple[list[bytes], ...] = (
    [b"what", b"is this"],
    [b"event", b"signal_published"],
    [b"event", b"nobody_knows", b"data", b"{}"],
    [b"event", b"signal_published", b"data", b"{}"],
    [b"event", b"state_event", b"data", b"{}", b"replay", b"1"],
)

Refusing = Callable[[Any], "str | None"]


class StubbornDatabase(ModelDatabase):
    """A Postgres that refuses by two rules: that of the nemesis of all, and that of consumers' own one."""

    def __init__(self, *args: Any) -> None:
        self._rules: list[Refusing] = [lambda _entry: None, lambda _entry: None]
        super().__init__(*args)

    @property
    def refusing(self) -> Refusing:
        """The SQLSTATE that an entry is refused with."""
        return lambda entry: self._rules[0](entry) or self._rules[1](entry)

    @refusing.setter
    def refusing(self, rule: Refusing) -> None:
        self._rules[0] = rule

    def stubborn(self, rule: Refusing) -> None:
        """The second rule."""
        self._rules[1] = rule


class _Healed(Exception):
    """Faults have ended: what a trouble would do yet must not happen."""


class ConsumingNemesis:
    """Draws a trouble of consumers every so often; each lasts for a while."""

    def __init__(self, world: ConsumingWorld) -> None:
        self._world = world
        self._acts: dict[str, Callable[[float], None]] = {
            "entries deleted": self._delete,
            "partition unreadable": self._unreadable,
            "Postgres slow": self._slow,
            "Postgres silent": self._silent,
            "Postgres opens slowly": self._opens_slowly,
            "Postgres refuses all": self._refuse_all,
            "Postgres refuses a kind": self._refuse_a_kind,
            "Postgres refuses, then is away": self._refuse_then_away,
            "row refused": self._refuse_a_row,
            "poison": self._poison,
            "foreign entries": self._foreign,
            "Redis fails over": self._fail_over,
            "Redis crashes amid a batch": self._crash_amid,
            "workers held back": self._hold_back,
        }
        self._chance = world.faults.chance("consuming nemesis")
        self._client = world.redis.connect()
        self._refuses: Refusing = lambda _entry: None
        #: keys of partitions that hold something else now
        self._unreadable_keys: set[str] = set()
        #: a session takes so long to be opened
        self.opening_s = 0.0
        self.held_back = False
        world.database.stubborn(self._refusal)

    def start(self) -> None:
        """Begin."""
        self._spawn(self._run)

    def heal(self) -> None:
        """All is well, but what is refused or deadly by itself stays so."""
        self._refuses = lambda _entry: None
        self._world.database.pause = self._world.scheduler.pause
        self.opening_s = 0.0
        self.held_back = False
        for key in sorted(self._unreadable_keys):
            self._readable(key)

    def look(self, data: bytes) -> None:
        """A worker looks at an entry: of some it dies."""
        world, task = self._world, self._world.scheduler.current
        for token in sorted(world.consuming.poison):
            if b'"%s"' % token.encode() in data and task is not None:
                world.story.tell(task.process.name, f"dies of {token}")
                world.disturb()
                task.process.kill()

    def _run(self) -> None:
        world, chance = self._world, self._chance
        kinds = [kind for kind in self._acts if kind in world.faults.rates]
        every_s = chance.choice((3.0, 15.0, 60.0))
        while kinds:
            world.scheduler.sleep("trouble", chance.random() * every_s)
            if not world.faults.active:
                return
            kind = chance.choice(kinds)
            if chance.random() >= world.faults.rates[kind]:
                continue
            for_s = chance.choice((1.0, 8.0, 40.0, 130.0, 400.0))
            if world.faults.happens(kind, f"for {for_s} s"):
                self._acts[kind](for_s)

    def _spawn(self, act: Callable[[], None]) -> None:
        process = Process(self._world.machine("nowhere"), "trouble")
        process.killable = False

        def run() -> None:
            with suppress(_Healed):
                act()

        process.start(run)

    def _rest(self, what: str, seconds: float) -> None:
        """Wait in the middle of a trouble. Raises _Healed if all have ended meanwhile."""
        self._world.scheduler.sleep(what, seconds)
        if not self._world.faults.active:
            raise _Healed

    def _for(self, seconds: float, end: Callable[[], None], what: str) -> None:
        def wait() -> None:
            self._world.scheduler.sleep("the end of a trouble", seconds)
            if self._world.faults.active:
                self._world.story.tell("world", f"{what} is over")
                end()
                self._world.disturb()

        self._spawn(wait)

    def _delete(self, _seconds: float) -> None:
        world, chance = self._world, self._chance
        for key in sorted(world.redis.streams()):
            entries = dict(world.redis.entries(key))
            pending = [one for one in world.redis.pending(key, WORKER_GROUP.encode()) if one in entries]
            for one in chance.sample(pending, min(len(pending), 3)):
                fields = entries[one]
                if len(fields) == 4 and fields[0] == b"event" and fields[2] == b"data":
                    given = given_of(fields[1].decode(), fields[3])
                    world.truth.excused.add(given)
                    world.consuming.refused.discard(given.token)
                place = key.decode(), show(one).decode()
                world.consuming.deleted(*place)
                world.story.tell("world", f"{place[1]} of {place[0]} is deleted by hand")
                world.redis.delete_entry(key, one)

    def _unreadable(self, seconds: float) -> None:
        world = self._world
        keys = world.stream_keys
        if len(keys) < 2 or self._unreadable_keys:
            return
        self.spoil(self._chance.choice(keys).decode())
        key = next(iter(self._unreadable_keys))
        self._for(seconds, lambda: self._readable(key), f"{key} of the wrong type")

    def spoil(self, key: str) -> None:
        """Something else stands in the place of a partition."""
        self._world.redis_forgot = True
        self._world.redis.evict(key.encode())
        self._world.redis.execute(self._client, [b"SET", key.encode(), b"no stream"])
        self._unreadable_keys.add(key)

    def _readable(self, key: str) -> None:
        self._world.redis.execute(self._client, [b"DEL", key.encode()])
        self._unreadable_keys.discard(key)

    def _slow(self, seconds: float) -> None:
        world, chance = self._world, self._chance
        takes_s = chance.choice((0.05, 0.4, 3.0))
        world.database.pause = lambda where: world.scheduler.sleep(where, takes_s * chance.random())

        def over() -> None:
            world.database.pause = world.scheduler.pause

        self._for(seconds, over, "a slow Postgres")

    def _silent(self, seconds: float) -> None:
        database = self._world.database
        database.locked = True
        self._for(max(seconds, 70.0), lambda: setattr(database, "locked", False), "the silence of Postgres")

    def _opens_slowly(self, _seconds: float) -> None:
        world, database = self._world, self._world.database

        def act() -> None:
            self.opening_s = 14.0
            for session in list(database.sessions):
                database.cut(session)
            self._rest("sessions to be opened", 3.0)
            database.locked = True
            for program in world.supervisor.running():
                if program.name.startswith("worker"):
                    world.supervisor.ask_to_stop(program)
            self._rest("a silent Postgres", 60.0)
            self.opening_s = 0.0
            database.locked = False
            world.disturb()

        self._spawn(act)

    def refuse(self, name: str, state: str) -> None:
        """Refuse a kind until healed."""
        self._refuses = lambda entry: state if getattr(entry, "name", "") == name else None

    def _not_refusing(self) -> None:
        self._refuses = lambda _entry: None

    def _refuse_a_kind(self, seconds: float) -> None:
        name, state = self._chance.choice(_KINDS), self._chance.choice(_STATES)
        self.refuse(name, state)
        self._for(max(seconds, 40.0), self._not_refusing, f"refusing {name} with {state}")

    def _refuse_all(self, seconds: float) -> None:
        letters_too = self._chance.random() < 0.3
        self._refuses = lambda entry: "42501" if letters_too or hasattr(entry, "name") else None
        self._for(max(seconds, 130.0), self._not_refusing, "refusing all")

    def _refuse_then_away(self, _seconds: float) -> None:
        """A kind is refused; as its batch is written in pieces Postgres goes, and workers are asked to stop."""
        world, name, left = self._world, self._chance.choice(_KINDS), [self._chance.randrange(1, 12)]

        def refuse(entry: Any) -> str | None:
            if getattr(entry, "name", "") != name:
                return None
            left[0] -= 1
            if left[0] == 0:
                self._spawn(go)
            return "42501"

        def go() -> None:
            world.database.away = True
            self._rest("Postgres to be missed", 0.3)
            for program in world.supervisor.running():
                if program.name.startswith("worker"):
                    world.supervisor.ask_to_stop(program)
            self._rest("Postgres", 10.0)
            world.database.away = False
            self._not_refusing()

        self._refuses = refuse
        self._for(60.0, self._not_refusing, f"refusing {name}")

    def _refuse_a_row(self, _seconds: float) -> None:
        if not self._world.in_turns:  # who ends when the stream is drained gives nothing up
            self._choose(self._world.consuming.refused)

    def _poison(self, _seconds: float) -> None:
        self._choose(self._world.consuming.poison)

    def _choose(self, chosen: set[str]) -> None:
        """One of the events that are in no table yet is to be special, if there are not too many of them."""
        world = self._world
        there = world.audit.not_stored()
        tokens = {given.token for given in there if given not in world.truth.excused}
        tokens -= world.consuming.poison | world.consuming.refused
        if tokens and len(chosen) < 2:
            token = self._chance.choice(sorted(tokens))
            chosen.add(token)
            world.truth.excused |= {given for given in there if given.token == token}
            world.story.tell("world", f"{token} is special from now on")

    def _refusal(self, entry: Any) -> str | None:
        """What Postgres says to a row; a worker may die of it."""
        state = self._refuses(entry)
        if state is not None or not hasattr(entry, "payload"):
            return state
        self.look(entry.payload)
        refused = self._world.consuming.refused
        return "XX000" if refused and given_of(entry.name, entry.payload).token in refused else None

    def _foreign(self, _seconds: float) -> None:
        world, key = self._world, self._chance.choice(self._world.stream_keys).decode()
        answer = None
        if world.service.alive:
            words = [b"XADD", key.encode(), b"*", *self._chance.choice(_FOREIGN)]
            answer = world.redis.execute(self._client, words)
        if answer is not None and answer.startswith(b"$"):
            world.service.wake()
            world.consuming.foreign.add((key, answer.split(b"\r\n")[1].decode()))

    def _fail_over(self, _seconds: float) -> None:
        """Another server takes over with what it had some time ago, while workers wait for Postgres."""
        world, chance = self._world, self._chance

        def act() -> None:
            data, before_s = world.redis.save(), chance.choice((0.3, 2.0, 5.0))
            self._rest("a failover", before_s)
            world.database.locked = True
            self._rest("workers to wait for Postgres", chance.choice((1.0, 4.0)))
            world.redis_forgot = True
            world.restart_redis(data)
            world.story.tell("world", f"another Redis takes over, {before_s} s behind")
            self._rest("Postgres", 1.0)
            world.database.locked = False
            world.disturb()

        self._spawn(act)

    def _crash_amid(self, _seconds: float) -> None:
        """Redis is away while workers have batches in hand; these are written before it is back, or afterwards."""
        world, chance = self._world, self._chance
        away_s, written_first = chance.choice((1.0, 3.0, 8.0, 25.0)), chance.random() < 0.6

        def act() -> None:
            world.database.locked = True
            self._rest("batches in hand", 0.5 + 3.0 * chance.random())
            if world.service.alive:
                world.service.alive = False
                data = world.redis.save()
                world.service.drop_all()
                self._rest("the crash of Redis", away_s / 2)
                world.database.locked = not written_first
                self._rest("the crash of Redis", away_s / 2)
                if not world.service.alive:
                    world.restart_redis(data)
                    world.service.alive = True
                    world.story.tell("world", "Redis is back, amid a batch")
                world.disturb()
                self._rest("Postgres", 8.0)
            world.database.locked = False

        self._spawn(act)

    def _hold_back(self, seconds: float) -> None:
        """All workers end, and none begins for a while."""
        world = self._world
        self.held_back = True
        for program in world.supervisor.running():
            if program.name.startswith("worker"):
                world.supervisor.ask_to_stop(program)

        def over() -> None:
            self.held_back = False

        self._for(max(seconds, 70.0), over, "the absence of workers")
