"""A session of the simulated server: its edges, where it may be slow, and where the line may break."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import psycopg

from sink.db import Connection
from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.machines import Machine, Process
from tests.simulation.kernel.scheduler import Scheduler

#: What a transaction of several statements is called on its way.
TRANSACTION = "a transaction"
#: Statements before which a sender may stand still until its lease is over.
OVERTAKEN = {"edits.begun", "edits.answered", "edits.done", "edits.retry", "edits.postpone"} | {
    f"outbox.{name}"
    for name in (
        "stub_begun",
        "stub_sent",
        "stub_not_sent",
        "stub_gone",
        "text_begun",
        "text_not_sent",
        "whole_begun",
        "whole_not_sent",
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
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Server(Protocol):
    """What a session needs of its server: see `postgres.Database`."""

    real: Connection
    scheduler: Scheduler
    machine: Machine
    faults: Faults
    away: bool
    lease_s: float
    began_at: datetime
    on_overtaken: Callable[[Session, str], None]
    is_overtaken: Callable[[Session], bool]
    on_done: Callable[[Session, str, Any, Any], None]
    looks: Callable[[str], Sequence[str]]
    on_commit: Callable[[Session, Sequence[list[Any]]], None]

    @property
    def now(self) -> datetime: ...

    def name_of(self, query: object) -> str: ...

    def listen(self, session: Session) -> None: ...

    def notify(self) -> None: ...

    def set_clock(self) -> None: ...


class Session:
    """As far as is used of it, psycopg's connection in autocommit mode."""

    def __init__(self, database: Server, process: Process) -> None:
        self.database = database
        self.process = process
        #: true time and the server's clock at the end of its last transaction
        self.done_ns = 0
        #: when a statement was refused last
        self.refused_ns = -1
        self.done_at = EPOCH
        #: the message that its last lease gave out
        self.holding: int | None = None
        #: whether that lease is one on its edit
        self.edits = False
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
        """Several statements in one go. Inside of one that is being carried out they are part of it."""
        if self.is_inside:
            yield
            return
        began_ns = self.arrive(TRANSACTION)
        with self.in_one_go(began_ns):
            yield
        self.leave(TRANSACTION)

    @contextmanager
    def in_one_go(self, began_ns: int) -> Iterator[None]:
        """Several statements, once they have arrived: nobody else may run inside."""
        with self._carried_out(TRANSACTION, began_ns) as pipeline, self.database.real.transaction():
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
            if name.startswith(("outbox.", "edits.")):  # whose results are looked at
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
        database.began_at = moment(began_ns)
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


def moment(ns: int) -> datetime:
    """What a clock shows at so many nanoseconds."""
    return EPOCH + timedelta(microseconds=ns // 1000)
