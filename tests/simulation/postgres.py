"""Real tables under simulated time: sessions of one real connection, whose clock is a simulated machine's.

A transaction is done in one go, when nobody else runs: what is left of a session is its edges, where it may be slow,
and where the line may break before or after.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import psycopg

from signaltape.settings import Secret
from sink.db import Connection, connect
from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.machines import Machine, Process
from tests.simulation.kernel.scheduler import Scheduler

T = TypeVar("T")

_TRANSACTION = "a transaction"
#: Statements before which a sender may stand still until its lease is over.
OVERTAKEN = {
    f"outbox.{name}"
    for name in (
        "stub_begun",
        "stub_sent",
        "stub_not_sent",
        "stub_gone",
        "text_begun",
        "text_not_sent",
        "filled",
        "sent_whole",
        "file_state",
        "file_sent",
        "retry",
        "finish",
    )
}
#: How often a sender that stands still looks whether it was overtaken, and for how long: longer than short leases.
_LOOK_EVERY_S = 0.2
_MOST_LOOKS = 40
#: What a statement asks a clock by.
_ASKING = (b"now()", b"clock_timestamp()")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS = """
CREATE SCHEMA sim;
CREATE FUNCTION sim.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT current_setting('sim.now')::timestamptz $$;
CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT current_setting('sim.clock')::timestamptz $$;
"""
_TABLES = ["outbox", "outbox_files", "telegram_chats", "telegram_pace", "weekly_scorecard"]
_DEFAULTS_OF_NOW = """
SELECT format('ALTER TABLE %%I ALTER COLUMN %%I SET DEFAULT sim.now()', table_name, column_name)
FROM information_schema.columns WHERE table_schema = 'public' AND column_default = 'now()' AND table_name = ANY(%s)
"""


@contextmanager
def prepared(url: str) -> Iterator[Connection]:
    """A connection to a migrated database whose clocks are a simulation's: made so by the first process that comes."""
    with closing(connect(Secret(url))) as connection:
        with connection.transaction():
            if connection.execute("SELECT to_regnamespace('sim')").fetchone() == (None,):
                for statement in _CLOCKS.strip().split(";\n"):
                    connection.execute(statement.encode())
                for (statement,) in connection.execute(_DEFAULTS_OF_NOW, (_TABLES,)).fetchall():
                    connection.execute(statement)
        connection.execute("SET search_path = sim, pg_catalog, public")
        connection.execute("SET synchronous_commit = off")
        connection.prepare_threshold = 1
        yield connection


class Database:
    """The server, as simulated processes see it.

    machine: whose wall clock is the server's.
    """

    def __init__(
        self,
        real: Connection,
        scheduler: Scheduler,
        machine: Machine,
        faults: Faults,
        names: Mapping[bytes, str],
    ) -> None:
        self.real = real
        self.scheduler = scheduler
        self.machine = machine
        self.faults = faults
        self.away = False
        #: what a sender that stands still is overtaken after
        self.lease_s = 0.0
        #: when the present transaction began, by its clock
        self.began_at = _EPOCH
        #: told of who stands still before which statement
        self.on_overtaken: Callable[[Session, str], None] = lambda _session, _name: None
        #: whether another session holds what a session held
        self.is_overtaken: Callable[[Session], bool] = lambda _session: True
        #: told of each statement that was carried out: whose, its name, parameters, rows
        self.on_done: Callable[[Session, str, Any, Any], None] = (
            lambda _session, _name, _parameters, _cursor: None
        )
        #: what is asked in the same go, at the end of a transaction of this name
        self.looks: Callable[[str], Sequence[str]] = lambda _name: ()
        #: told of the end of each transaction, and of what these looks found
        self.on_commit: Callable[[Session, Sequence[list[Any]]], None] = lambda _session, _found: None
        self._names = names
        #: sessions that want to be told of notifications
        self._listening: list[Session] = []
        #: told of each session that is told
        self.on_told: Callable[[Session], None] = lambda _session: None

    @property
    def now(self) -> datetime:
        """What its clock shows."""
        return _moment(self.machine.wall_ns)

    def connect(self, _url: object, *, name: str = "", autocommit: bool = True) -> Session:
        """As sink.db.connect."""
        task = self.scheduler.current
        assert task is not None
        assert autocommit
        self.scheduler.pause("connect to Postgres")
        if self.away or (task.process.killable and self.faults.strikes("Postgres refuses a connection")):
            self.scheduler.sleep(
                "connect to Postgres", self.faults.chance("Postgres away").choice((0.001, 10.0))
            )
            raise psycopg.OperationalError("connection failed: the server is away")
        return Session(self, task.process)

    async def connect_async(self, url: object, *, name: str = "") -> AsyncSession:
        """As sink.db.connect_async."""
        loop = asyncio.get_running_loop()
        return AsyncSession(await loop.run_in_executor(None, partial(self.connect, url, name=name)))

    def listen(self, session: Session) -> None:
        """A session wants to be told of notifications."""
        self._listening.append(session)

    def notify(self) -> None:
        """What a transaction said is told at its end to those that listen; a pooler may not pass it on."""
        self._listening = [one for one in self._listening if not (one.is_broken or one.process.dead)]
        for session in self._listening:
            if not self.faults.strikes("notification lost", session.process.name):
                self.on_told(session)
                session.told()

    def set_clock(self) -> None:
        """A transaction is carried out that began at `began_at`."""
        self.real.execute(
            "SELECT set_config('sim.now', %s, false), set_config('sim.clock', %s, false)",
            (self.began_at.isoformat(), _moment(self.machine.wall_ns).isoformat()),
        )

    def name_of(self, query: object) -> str:
        """What a query is called."""
        return self._names.get(query, "?") if isinstance(query, bytes) else "?"

    def look(self, query: str, parameters: Any = None) -> list[Any]:
        """Ask without touching anything: for checks."""
        return self.real.execute(query, parameters).fetchall()


class Session:
    """As far as is used of it, psycopg's connection in autocommit mode."""

    def __init__(self, database: Database, process: Process) -> None:
        self.database = database
        self.process = process
        #: true time and the server's clock at the end of its last transaction
        self.done_ns = 0
        #: when a statement was refused last
        self.refused_ns = -1
        self.done_at = _EPOCH
        #: the message that its last lease gave out
        self.holding: int | None = None
        #: whether a statement of it is on its way
        self.asks = False
        self._broken = False
        #: told when another session said something
        self.told: Callable[[], None] = lambda: None
        self._says = False
        self._inside: psycopg.Pipeline | None = None

    def execute(self, query: bytes, parameters: Any = None) -> Any:
        """Run a statement; alone it is a transaction."""
        return self._execute(self.database.real.cursor(), query, parameters)

    def cursor(self, *, row_factory: Any) -> _Cursor:
        """A cursor with rows of another kind."""
        return _Cursor(self, self.database.real.cursor(row_factory=row_factory))

    @property
    def is_broken(self) -> bool:
        """Whether nothing goes over it any more."""
        return self._broken

    @property
    def is_inside(self) -> bool:
        """Whether a transaction of several statements is being carried out."""
        return self._inside is not None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several statements in one go."""
        began_ns = self.arrive(_TRANSACTION)
        with self.in_one_go(began_ns):
            yield
        self.leave(_TRANSACTION)

    @contextmanager
    def in_one_go(self, began_ns: int) -> Iterator[None]:
        """Several statements, once they have arrived: nobody else may run inside."""
        with self._carried_out(_TRANSACTION, began_ns) as pipeline, self.database.real.transaction():
            self._inside = pipeline
            try:
                yield
            finally:
                self._inside = None

    def close(self) -> None:
        """No more of it."""
        self._broken = True

    def _execute(self, cursor: Any, query: bytes, parameters: Any) -> Any:
        name = self.database.name_of(query)
        self._says = self._says or name == "outbox.notify"
        if self._inside is not None:
            cursor.execute(query, parameters)
            if name.startswith("outbox."):  # whose results are looked at
                self._inside.sync()
            self.database.on_done(self, name, parameters, cursor)
            return cursor
        began_ns = self.arrive(name)
        if name == "outbox.listen":
            self.database.listen(self)
        else:
            done = partial(self.database.on_done, self, name, parameters, cursor)
            with self._carried_out(name, began_ns, query, done):
                cursor.execute(query, parameters)
        self.leave(name)
        return cursor

    @contextmanager
    def _carried_out(
        self, what: str, began_ns: int, query: bytes | None = None, done: Callable[[], None] = lambda: None
    ) -> Iterator[psycopg.Pipeline | None]:
        database = self.database
        database.began_at = _moment(began_ns)
        if query is not None and not any(name in query for name in _ASKING):
            yield None  # it neither asks for the time nor changes anything that is looked at
            looks = []
        else:
            with (
                database.real.pipeline() as pipeline
            ):  # few round trips: they are what a run takes its time for
                database.set_clock()
                yield pipeline
                looks = [database.real.execute(one) for one in database.looks(what)]
        done()
        self.done_ns, self.done_at = database.scheduler.now_ns, database.now
        database.on_commit(self, [look.fetchall() for look in looks])
        if self._says:
            self._says = False
            database.notify()

    def leave(self, what: str) -> None:
        """On the way back from the server."""
        database = self.database
        database.scheduler.pause(f"after {what}")
        if self.process.killable and database.faults.strikes(
            "statement answer lost", f"{self.process.name}: {what}"
        ):
            self._break(after=True)

    def arrive(self, what: str) -> int:
        """On the way to the server. When the transaction begins, by its clock."""
        self.asks = True
        began_ns = self._on_the_way(what)
        self.asks = False
        return began_ns

    def _on_the_way(self, what: str) -> int:
        database, faults, scheduler = self.database, self.database.faults, self.database.scheduler
        scheduler.pause(what)
        if self._broken or database.away:
            self._break()
        if not self.process.killable:
            return database.machine.wall_ns
        if faults.strikes("statement lost", f"{self.process.name}: {what}"):
            self._break()
        if faults.strikes("statement refused", f"{self.process.name}: {what}"):
            self.refused_ns = scheduler.now_ns
            raise psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE in a read-only transaction")
        if faults.strikes("slow statement", f"{self.process.name}: {what}"):
            scheduler.sleep(what, faults.chance("slow statement").choice((0.1, 2.0, 15.0)))
        before_s = behind_s = 0.0
        if what in OVERTAKEN and faults.strikes("overtaken", f"{self.process.name}: {what}"):
            stands_s = faults.chance("overtaken").choice((0.3, 1.05, 1.5, 4.0)) * database.lease_s
            database.on_overtaken(self, what)
            if faults.chance("overtaken").random() < (0.8 if what == "outbox.filled" else 0.5):
                self._stand_until_overtaken(what)
            else:
                before_s, behind_s = faults.chance("overtaken").choice(((stands_s, 0.0), (0.0, stands_s)))
        scheduler.sleep(what, before_s)
        if faults.strikes("statement hangs", f"{self.process.name}: {what}"):
            scheduler.sleep(what, 70.0)
            self._break()
        began_ns = database.machine.wall_ns
        if faults.strikes("statement waits for a lock", f"{self.process.name}: {what}"):
            scheduler.sleep(what, faults.chance("statement waits for a lock").choice((0.05, 1.0, 10.0)))
        scheduler.sleep(what, behind_s)
        return began_ns

    def _stand_until_overtaken(self, what: str) -> None:
        """Then another sender is at the message, perhaps in the middle of a call, or some calls further."""
        scheduler, chance = self.database.scheduler, self.database.faults.chance("overtaken")
        for _ in range(_MOST_LOOKS):
            if self.database.is_overtaken(self):
                scheduler.sleep(what, chance.choice((0.0, 0.0, 2.0, 6.0)))
                return
            scheduler.sleep(what, _LOOK_EVERY_S)

    def _break(self, *, after: bool = False) -> None:
        self._broken = True
        raise psycopg.OperationalError("the connection is lost" + (" (after it was done)" if after else ""))


class _Cursor:
    def __init__(self, session: Session, real: Any) -> None:
        self._session = session
        self._real = real

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        """Its rows are all here."""

    def execute(self, query: bytes, parameters: Any = None) -> Any:
        return self._session._execute(self._real, query, parameters)


class AsyncSession:
    """As far as is used of it, psycopg's asynchronous connection in autocommit mode.

    What has arrived is done to its end, whether its asker still waits or not.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._loop = asyncio.get_running_loop()
        self._said = asyncio.Event()
        session.told = self._tell

    async def execute(self, query: bytes, parameters: Any = None) -> _Rows:
        """Run a statement; alone it is a transaction."""
        if self.session.is_inside:
            return _Rows(self.session.execute(query, parameters))
        return _Rows(await self._beside(partial(self.session.execute, query, parameters)))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Several statements in one go: none of them waits."""
        began_ns = await self._beside(partial(self.session.arrive, _TRANSACTION))
        with self.session.in_one_go(began_ns):
            yield
        await self._beside(partial(self.session.leave, _TRANSACTION))

    async def notifies(self, *, timeout: float, stop_after: int) -> AsyncGenerator[None]:
        """What was said since it was asked last; nothing within `timeout` seconds ends it."""
        assert stop_after == 1
        try:
            await asyncio.wait_for(self._said.wait(), timeout)
        except TimeoutError:
            return
        self._said.clear()
        yield

    async def close(self) -> None:
        """No more of it."""
        self.session.close()

    async def _beside(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(None, work)

    def _tell(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._said.set)


class _Rows:
    """An asynchronous cursor whose rows are all here."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    async def fetchall(self) -> Any:
        """All rows."""
        return self._cursor.fetchall()


def _moment(ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ns // 1000)
