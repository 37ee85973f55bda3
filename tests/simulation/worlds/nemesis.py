"""What troubles whole machines and servers, from time to time and for a while."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.simulation.kernel.machines import NS, Process
from tests.simulation.worlds.streaming import StreamWorld
from tests.simulation.worlds.truth import frames_in

#: So many bytes of a header say something; the others are zeros that nobody reads.
_HEADER_SAYS_BYTES = 28
#: How likely a bit flips in the header of a segment, and in the length of a frame.
_IN_HEADER, _IN_LENGTH = 0.25, 0.15
_LENGTH_BITS = 32


class Nemesis:
    """Draws a trouble every so often, among those that the world's faults have."""

    #: it thinks of one after at most so long
    EVERY_S = (0.5, 3.0, 15.0)

    def __init__(self, world: StreamWorld) -> None:
        self._world = world
        self._acts: dict[str, Callable[[float], str]] = {
            "Redis crashes": self._crash,
            "Redis crashes and forgets": self._crash_and_forget,
            "Redis is out of memory": self._out_of_memory,
            "Redis is read-only": self._read_only,
            "Redis is flushed": self._flush,
            "Redis evicts": self._evict,
            "Redis out of reach": self._out_of_reach,
            "Postgres away": self._away,
            "Postgres locked": self._locked,
            "Postgres cuts": self._cut,
            "Postgres refuses": self._refuse,
            "disk full": self._disk_full,
            "clock jumps": self._jump,
            "asked to stop": self._stop,
            "bit flips": self._flip,
        }
        self._chance = world.faults.chance("nemesis")

    def start(self) -> None:
        """Begin."""
        process = Process(self._world.machine("nowhere"), "nemesis")
        process.killable = False
        process.start(self._run)

    def _run(self) -> None:
        world, chance = self._world, self._chance
        kinds = [kind for kind in self._acts if kind in world.faults.rates]
        every_s = chance.choice(self.EVERY_S)
        while kinds:
            world.scheduler.sleep("trouble", chance.random() * every_s)
            if not world.faults.active:
                return
            kind = chance.choice(kinds)
            if chance.random() >= world.faults.rates[kind]:
                continue
            for_s = chance.choice((0.05, 1.0, 6.0, 40.0))
            if world.faults.happens(kind, f"for {for_s} s"):
                self._acts[kind](for_s)

    def _for(self, seconds: float, end: Callable[[], None], what: str) -> str:
        """End a trouble after a while."""

        def wait() -> None:
            self._world.scheduler.sleep("the end of a trouble", seconds)
            if self._world.faults.active:
                self._world.story.tell("world", f"{what} is over")
                end()
                if what not in self._world.MILD:
                    self._world.disturb()

        process = Process(self._world.machine("nowhere"), "trouble")
        process.killable = False
        process.start(wait)
        return what

    def _crash(self, seconds: float) -> str:
        world = self._world
        if not world.service.alive:
            return "is down"
        world.service.alive = False
        data = world.redis.save()
        world.service.drop_all()

        def back() -> None:
            world.restart_redis(data)
            world.service.alive = True

        return self._for(seconds, back, "the crash of Redis")

    def _crash_and_forget(self, seconds: float) -> str:
        world = self._world
        data = world.redis.save()
        lost_s = min(seconds, 10.0)

        def crash() -> None:
            world.redis_forgot = True
            world.service.alive = False
            world.service.drop_all()
            world.story.tell("world", f"Redis crashes; the last {lost_s} s were not on its disk")
            world.scheduler.sleep("the crash of Redis", 0.2)
            world.restart_redis(data)
            world.service.alive = True

        return self._for(lost_s, crash, "the quiet before the crash of Redis")

    def _out_of_memory(self, seconds: float) -> str:
        self._world.redis.out_of_memory = True
        return self._for(seconds, lambda: setattr(self._world.redis, "out_of_memory", False), "out of memory")

    def _read_only(self, seconds: float) -> str:
        self._world.redis.read_only = True
        return self._for(seconds, lambda: setattr(self._world.redis, "read_only", False), "read-only")

    def _flush(self, _seconds: float) -> str:
        self._world.redis_forgot = True
        self._world.redis.flush()
        return "flushed"

    def _evict(self, _seconds: float) -> str:
        keys = self._world.redis.streams()
        if keys:
            self._world.redis_forgot = True
            self._world.redis.evict(self._chance.choice(sorted(keys)))
        return "evicted"

    def _out_of_reach(self, seconds: float) -> str:
        names = sorted(name for name in self._world.machines if name.endswith(("-1", "-2")))
        name = self._chance.choice(names)
        self._world.service.unreachable.add(name)
        return self._for(
            seconds, lambda: self._world.service.unreachable.discard(name), f"{name} cut off from Redis"
        )

    def _away(self, seconds: float) -> str:
        self._world.database.away = True
        return self._for(seconds, lambda: setattr(self._world.database, "away", False), "Postgres away")

    def _locked(self, seconds: float) -> str:
        self._world.database.locked = True
        return self._for(seconds, lambda: setattr(self._world.database, "locked", False), "Postgres locked")

    def _cut(self, _seconds: float) -> str:
        for session in list(self._world.database.sessions):
            self._world.database.cut(session, self._chance.choice((None, "57P01")))
        return "cut"

    def _refuse(self, seconds: float) -> str:
        database = self._world.database
        state = self._chance.choice(("42501", "42P01", "53100"))
        name = self._chance.choice(("signal_published", "signal_triggered", "state_event"))
        database.refusing = lambda entry: state if getattr(entry, "name", "") == name else None

        def over() -> None:
            database.refusing = lambda _entry: None

        return self._for(seconds, over, f"refusing {name} with {state}")

    def _disk_full(self, seconds: float) -> str:
        machine = self._chance.choice(self._world.homes)
        machine.full = True
        return self._for(seconds, lambda: setattr(machine, "full", False), f"the disk of {machine.name} full")

    def _jump(self, seconds: float) -> str:
        name = self._chance.choice(sorted(self._world.machines))
        by_s = self._chance.choice((-1, 1)) * seconds
        self._world.machines[name].ahead_ns += int(by_s * NS)
        self._world.story.tell("world", f"the clock of {name} jumps by {by_s} s")
        return "jumped"

    def _stop(self, _seconds: float) -> str:
        running = self._world.supervisor.running()
        if running:
            self._world.supervisor.ask_to_stop(self._chance.choice(running))
        return "asked"

    def _flip(self, _seconds: float) -> str:
        """One bit of one segment: within what checksums put right."""
        world = self._world
        paths = sorted(
            path for machine in world.homes for path in machine.folder.glob("home/journal/*/*.seg")
        )
        paths = [path for path in paths if path not in world.flipped and path.stat().st_size]
        if paths:
            path = self._chance.choice(paths)
            world.flipped.add(path)
            _flip_a_bit(path, self._a_bit(path))
            world.story.tell("world", f"a bit of {path.parent.name}/{path.name} flips")
        return "flipped"

    def _a_bit(self, path: Path) -> int:
        """Of the header, of how long a frame is said to be, or any."""
        frames, drawn = frames_in(path.read_bytes()), self._chance.random()
        if drawn < _IN_HEADER:
            return self._chance.randrange(_HEADER_SAYS_BYTES * 8)
        if frames and drawn < _IN_HEADER + _IN_LENGTH:
            return self._chance.choice(frames).start * 8 + self._chance.randrange(_LENGTH_BITS)
        return self._chance.randrange(path.stat().st_size * 8)


def _flip_a_bit(path: Path, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ (1 << bit % 8)]))
