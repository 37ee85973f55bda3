"""One session: its transaction, the keys that this holds, and the ways in which it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, Protocol

import psycopg
from psycopg import errors

from consumer.accepted import Accepted, AcceptedRecord, DeadLetter
from tests.simulation.kernel.system import MODEL_SOCKETS
from tests.simulation.tables.commits import Commit, Fate


class Write(NamedTuple):
    """One row of a transaction; for `duplicate_counts` the number that is added."""

    table: str
    key: Any
    row: Any


class Database(Protocol):
    """What a session, and who writes by it, needs of its database: see ModelDatabase."""

    pause: Callable[[str], None]
    wait: Callable[[Callable[[], bool], float | None], bool]
    lose_commit_answer: Callable[[], bool]
    refusing: Callable[[Accepted | AcceptedRecord | DeadLetter], str | None]

    def cut(self, session: ModelConnection) -> None: ...

    def end_session(self, session: ModelConnection) -> None: ...

    def holds_up(self, session: ModelConnection, /) -> bool: ...

    def row(self, table: str, key: Any) -> Any: ...

    def holder(self, table: str, key: Any, but: ModelConnection) -> ModelConnection | None: ...

    def commit(self, session: ModelConnection, writes: list[Write], fates: list[Fate]) -> Commit: ...


class ModelConnection:
    """A session as the worker sees it: `close`, `closed`, `fileno`; the rest is for the writer."""

    def __init__(self, database: Database, number: int) -> None:
        self.database = database
        self.number = number
        self.closed = False
        self._lost: psycopg.Error | None = None
        self._writes: list[Write] = []
        self._held: dict[tuple[str, Any], Any] = {}
        self._behind: ModelConnection | None = None

    def fileno(self) -> int:
        """A number for its socket. Raises OperationalError, as psycopg does, if it has ended."""
        if self.closed or self._lost is not None:
            raise psycopg.OperationalError("the connection is closed")
        return MODEL_SOCKETS + self.number

    def close(self) -> None:
        """End the session."""
        self.database.end_session(self)

    def shut_down(self) -> None:
        """Shut its socket down, from another thread: whoever waits for an answer is told so now.

        The server finds out at once here; a real one does when it next reads, and then rolls back as well.
        """
        self.database.cut(self)

    def lose(self, error: psycopg.Error) -> None:
        """Raise this at the next touch."""
        if self._lost is None:
            self._lost = error

    def touch(self, where: str) -> None:
        """A scheduling point, and a look whether the session is still there. Raises OperationalError."""
        self.database.pause(where)
        self.check()

    def statement(self, where: str, timeout_s: float | None = None) -> bool:
        """Touch, and wait for whoever holds the tables; whether they are free. Raises OperationalError."""
        self.touch(where)
        if not self.database.holds_up(self):
            return True
        free = self.database.wait(lambda: self._is_lost() or not self.database.holds_up(self), timeout_s)
        self.check()
        return free

    def check(self) -> None:
        """Raises OperationalError if the session is over."""
        if self._lost is not None:
            self.closed = True
            raise self._lost
        if self.closed:
            raise psycopg.OperationalError("the connection is closed")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is written inside is undone by an error, and its keys let go of. The outermost is the transaction."""
        mark = len(self._writes)
        try:
            yield
        except BaseException:
            self.roll_back(mark)
            raise

    def roll_back(self, mark: int) -> None:
        """Undo all but the first writes."""
        for write in self._writes[mark:]:
            del self._held[write.table, write.key]
        del self._writes[mark:]

    def holds(self, table: str, key: Any) -> bool:
        """Whether its transaction has written this key."""
        return (table, key) in self._held

    def find(self, table: str, key: Any) -> Any:
        """The row of a key that this session sees, or None."""
        own = self._held.get((table, key))
        return self.database.row(table, key) if own is None else own

    def insert(self, table: str, key: Any, row: Any) -> bool:
        """Insert a row, or return False if its key is there. Waits for another transaction that holds it."""
        self._await(table, key)
        if self.find(table, key) is not None:
            return False
        self._write(table, key, row)
        return True

    def add(self, key: Any, number: int) -> None:
        """Add to a number of `duplicate_counts`. Waits for another transaction that does."""
        self._await("duplicate_counts", key)
        self._write("duplicate_counts", key, number)

    def delete(self, table: str, key: Any) -> None:
        """Delete a row, where the database takes no row for that. Waits for another transaction that holds it."""
        self._await(table, key)
        self._write(table, key, None)

    def commit(self, fates: list[Fate]) -> None:
        """Commit. Raises OperationalError: then nothing was written, or all was and only the answer is lost."""
        self.touch("commit")
        done = self.database.commit(self, self._writes, fates)
        self._writes.clear()
        self._held.clear()
        self.touch("commit is done, its answer on the way")
        if self.database.lose_commit_answer():
            self.database.cut(self)
        self.check()
        done.answered = True

    def _write(self, table: str, key: Any, row: Any) -> None:
        self._writes.append(Write(table, key, row))
        self._held[table, key] = row

    def _await(self, table: str, key: Any) -> None:
        while (holder := self.database.holder(table, key, self)) is not None:
            if holder.is_behind(self):
                raise errors.DeadlockDetected("deadlock detected")
            self._behind = holder
            try:
                self.database.wait(partial(self._may_go_on, holder, table, key), None)
            finally:
                self._behind = None
            self.check()

    def _may_go_on(self, holder: ModelConnection, table: str, key: Any) -> bool:
        return self._is_lost() or not holder.holds(table, key)

    def is_behind(self, other: ModelConnection) -> bool:
        """Whether it waits for another session, or for one that does."""
        ahead = self._behind
        while ahead is not None and ahead is not other:
            ahead = ahead._behind
        return ahead is other

    def _is_lost(self) -> bool:
        return self.closed or self._lost is not None
