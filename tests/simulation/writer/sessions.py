"""A session of which every exchange with the server is a step: its thread asks before it goes on."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import psycopg
from psycopg import sql

from sink import counters
from sink.queries import own
from sink.write.rows import DETAIL
from sink.write.writer import merging

_NAMES = {
    query: f"{file}.{name}"
    for file in ("session", "write", "records", "duplicates")
    for name, query in own(file).items()
}


#: Written out for each table, and for all counters.
_NAMES |= {merging(table): f"write.merge_{table.name}" for table in DETAIL.values()}
_NAMES |= {query: f"counters.{name}" for name, query in counters._SQL.items()}


class Stepping(Protocol):
    """Who says when a session goes on."""

    def opened(self, session: SteppingConnection) -> None:
        """A session was opened."""
        ...

    def step(self, session: SteppingConnection, doing: str) -> bool:
        """Wait for one's turn. Returns whether the answer to this is to be lost."""
        ...

    def committed(self) -> None:
        """The server has committed a batch."""
        ...


class SteppingCursor(psycopg.Cursor[Any]):
    """Says what it is about to do."""

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        self._says(_NAMES.get(query, "a statement"))
        return super().execute(query, *args, **kwargs)

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
        self._says(_NAMES.get(query, "statements"))
        super().executemany(query, *args, **kwargs)

    def copy(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        assert isinstance(statement, sql.Composed)
        self._says(statement.as_string(self).split(" (")[0].replace('"', ""))
        return super().copy(statement, *args, **kwargs)

    def _says(self, doing: str) -> None:
        assert isinstance(self.connection, SteppingConnection)
        self.connection.doing = doing


class SteppingConnection(psycopg.Connection[Any]):
    """Belongs to the thread that opens it, if that is one that goes step by step; else it is as any other."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_factory = SteppingCursor
        self.doing = "connect"
        self._depth = 0
        #: its transaction makes partitions: nobody can read the table meanwhile
        self.makes_partitions = False
        thread = threading.current_thread()
        self._stepping: Stepping | None = thread if hasattr(thread, "step") else None  # type: ignore[assignment]
        if self._stepping is not None:
            self._stepping.opened(self)

    @contextmanager
    def transaction(self, *args: Any, **kwargs: Any) -> Iterator[psycopg.Transaction]:
        inner = self._depth > 0
        self._depth += 1
        self.doing = "SAVEPOINT" if inner else "BEGIN"
        try:
            with super().transaction(*args, **kwargs) as transaction:
                try:
                    yield transaction
                except BaseException:
                    self.doing = "ROLLBACK TO" if inner else "ROLLBACK"
                    raise
                self.doing = (
                    "RELEASE" if inner else "COMMIT partitions" if self.makes_partitions else "COMMIT"
                )
        finally:
            self._depth -= 1
            if not inner:
                self.makes_partitions = False

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        if self._stepping is None:
            return super().wait(gen, *args, **kwargs)
        doing = self.doing
        self.makes_partitions |= doing == "records.partitions"
        lose = self._stepping.step(self, doing)
        answer = super().wait(gen, *args, **kwargs)
        if doing == "COMMIT":
            self._stepping.committed()
            if lose:
                self.close()
                raise psycopg.OperationalError("the answer is lost")
        return answer

    def break_line(self) -> None:
        """Shut the socket down, as `_Tables.break_off` does."""
        with (
            suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.fileno())) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)
