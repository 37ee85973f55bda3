"""What the worlds around a stream share: Redis behind a network, tables, an audit that hears of each entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import signaltape.journal.lock
import worker.loop
from signaltape.settings import Secret
from signaltape.stream import stream_keys
from tests.simulation.kernel.machines import NS, Machine, Process
from tests.simulation.kernel.network import Line, Service
from tests.simulation.redis.data import Fields
from tests.simulation.redis.ids import Id
from tests.simulation.redis.model import ModelRedis
from tests.simulation.tables.database import ModelDatabase
from tests.simulation.tables.writer import ModelWriter
from tests.simulation.worlds.base import World
from tests.simulation.worlds.truth import Given, Truth, given_of

REDIS_URL = Secret("redis://redis:6379/0")
DATABASE_URL = Secret("postgresql://tables/db")
STREAM = "signaltape"
#: How likely each fault strikes where it may, in all of these worlds.
STREAM_RATES = {
    "kill": 0.0006,
    "stall": 0.0002,
    "disk error": 0.0003,
    "cut write": 0.3,
    "request lost": 0.003,
    "answer lost": 0.003,
    "connection refused": 0.03,
    "slow packet": 0.003,
    "end unseen": 0.1,
    "commit answer lost": 0.03,
    "Redis crashes": 0.3,
    "Redis crashes and forgets": 0.3,
    "Redis is out of memory": 0.2,
    "Redis is read-only": 0.1,
    "Redis is flushed": 0.1,
    "Redis evicts": 0.1,
    "Redis out of reach": 0.3,
    "Postgres away": 0.3,
    "Postgres locked": 0.3,
    "Postgres cuts": 0.3,
    "Postgres refuses": 0.1,
    "clock jumps": 0.15,
    "asked to stop": 0.3,
}


class Hears(Protocol):
    """An audit, as far as it is told of entries."""

    def added(self, key: str, entry_id: str, given: Given) -> None: ...

    def acknowledged(self, key: str, group: str, ids: Sequence[str]) -> None: ...


class Sent(Protocol):
    """What was sent, as far as an audit asks for it."""

    def added(self, given: Given) -> None: ...

    def was_sent(self, given: Given) -> bool: ...


class Streams(Protocol):
    """What streams hold, as far as an audit asks for it."""

    def entries(self, key: bytes) -> list[tuple[Id, Fields]]: ...


class StreamWorld(World):
    """Redis and tables. Worlds that derive from it call `prepare`, then `make_servers`, and add who uses them.

    partitions, claim_idle_ms: of the stream and its consumers; segment_bytes, journal_max_bytes: of journals, if
    there are any; these and the parts are set by the world that derives.
    """

    audit: Hears
    keeping: Sent
    redis_troubles: Streams
    database: ModelDatabase
    partitions: int
    claim_idle_ms: int
    segment_bytes: int
    journal_max_bytes: int
    #: whether Redis may not be asked what became of what it was given: then losses may go unnoticed
    blind: bool

    def prepare(self) -> None:
        """Begin with nothing given, and nothing forgotten."""
        self.truth = Truth()
        #: segments of which one bit was flipped: no second one, that is beyond what checksums mend
        self.flipped: set[Path] = set()
        #: whether Redis ever lost what it had taken
        self.redis_forgot = False
        self._undo: list[Callable[[], None]] = []

    def make_servers(self, tables: type[ModelDatabase]) -> None:
        """Start Redis, and put the tables in the place of Postgres."""
        host = self.machine("redis-host")
        host.ahead_ns = self.chance.choice((0, 0, 3 * NS, -3 * NS))
        self.redis = ModelRedis(lambda: host.wall_ns // 1_000_000, self._run_id())
        self.service = Service(self.scheduler, self.redis, self.faults, self.story, "Redis")
        self.service.wall_ms = lambda: host.wall_ns // 1_000_000
        self.service.on_command = self.on_command
        self.simulated.services["redis"] = self.service
        process = Process(host, "redis-server")
        process.killable = False
        process.start(self.service.run)
        self.database = tables(self.scheduler.pause, self.scheduler.wait)
        self.database.lose_commit_answer = lambda: self.faults.strikes("commit answer lost")
        self.put(worker.loop, "connect", self.connect)
        self.put(worker.loop, "BatchWriter", ModelWriter)
        self.put(worker.loop, "socket", _Sockets(self.database))

    def put(self, module: Any, name: str, value: Any) -> None:
        """Set a name in a module until this world is over."""
        self._undo.append(partial(setattr, module, name, getattr(module, name)))
        setattr(module, name, value)

    def connect(
        self,
        url: Any,
        *,
        name: str = "",
        most_idle_s: int = 0,
        begun: Callable[[Any], None] = lambda _session: None,
    ) -> Any:
        """Stands in for `sink.db.connect`: a session ends with its process."""
        session = self.database.connect(url, name=name)
        task = self.scheduler.current
        assert task is not None
        task.process.at_death.append(lambda: self.database.end_session(session))
        try:
            begun(session)
        except BaseException:
            session.close()
            raise
        return session

    @property
    def homes(self) -> list[Machine]:
        """The machines that have journals."""
        raise NotImplementedError

    @property
    def stream_keys(self) -> list[bytes]:
        """The keys of all partitions."""
        return [key.encode() for key in stream_keys(STREAM, self.partitions)]

    def heal(self) -> None:
        self.service.alive = True
        self.service.unreachable.clear()
        self.redis.out_of_memory = self.redis.read_only = False
        self.database.away = self.database.locked = False
        self.database.refusing = lambda _entry: None

    def cleanup(self) -> None:
        signaltape.journal.lock._open_fds.clear()
        for undo in self._undo:
            undo()

    def restart_redis(self, data: object) -> None:
        """The server comes back with these data, as another run."""
        self.service.drop_all()
        self.redis.load(data, self._run_id())

    def on_command(self, _line: Line, argv: Sequence[bytes], answer: bytes | None) -> None:
        """Redis has carried out a command."""
        command, kind = argv[0].upper(), answer[:1] if answer is not None else b""
        if command == b"XADD" and answer is not None and kind == b"$":
            entry_id = answer.split(b"\r\n")[1].decode()
            values = dict(zip(argv[3::2], argv[4::2], strict=False))
            given = given_of(values[b"event"].decode(), values[b"data"])
            self.audit.added(argv[1].decode(), entry_id, given)
        elif command == b"XACK" and kind == b":":
            self.audit.acknowledged(argv[1].decode(), argv[2].decode(), [one.decode() for one in argv[3:]])

    def _run_id(self) -> str:
        return f"{self.chance.getrandbits(160):040x}"


class _Sockets:
    """The module `socket` in `worker.loop`: there only the line to Postgres is shut down by it."""

    SHUT_RDWR = 2

    def __init__(self, database: ModelDatabase) -> None:
        self._database = database

    def socket(self, fileno: int) -> Any:
        return _Line(self._database, fileno)


class _Line:
    def __init__(self, database: ModelDatabase, fileno: int) -> None:
        self._session = database.session_of(fileno)

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def shutdown(self, _how: int) -> None:
        if self._session is not None:
            self._session.shut_down()
