"""Real tables under simulated time: sessions of one real connection, whose clock is a simulated machine's.

A transaction is done in one go, when nobody else runs: what is left of a session is its edges, where it may be slow,
and where the line may break before or after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import psycopg

from signaltape.settings import Secret
from sink.db import Connection, connect
from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.machines import Machine
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.postgres_line import AsyncSession
from tests.simulation.postgres_session import EPOCH, Session, moment

_CLOCKS = """
CREATE SCHEMA sim;
CREATE FUNCTION sim.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT current_setting('sim.now')::timestamptz $$;
CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT current_setting('sim.clock')::timestamptz $$;
"""
_TABLES = ["outbox", "outbox_edits", "outbox_files", "telegram_chats", "telegram_pace", "weekly_scorecard"]
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
        self.began_at = EPOCH
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
        return moment(self.machine.wall_ns)

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
            (self.began_at.isoformat(), moment(self.machine.wall_ns).isoformat()),
        )

    def name_of(self, query: object) -> str:
        """What a query is called."""
        return self._names.get(query, "?") if isinstance(query, bytes) else "?"

    def look(self, query: str, parameters: Any = None) -> list[Any]:
        """Ask without touching anything: for checks."""
        return self.real.execute(query, parameters).fetchall()
