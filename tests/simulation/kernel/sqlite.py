"""Stand-in for `sqlite3`: the real one, whose statements are points where others may come first, or the disk fails.

All connections are of one real process, and SQLite keeps their locks apart as those of several. Who finds the file
locked waits in simulated time. A connection whose process is killed leaves its write-ahead log behind, and what it had
not committed is gone.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from tests.simulation.kernel.files import Disk
from tests.simulation.kernel.machines import NS

#: How long SQLite waits between its tries, in milliseconds; the last one again and again.
_WAITS_MS = (1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100)
#: What SQLite makes of an error of the disk.
_CODES = {
    errno.ENOSPC: (sqlite3.SQLITE_FULL, "database or disk is full"),
    errno.EIO: (sqlite3.SQLITE_IOERR, "disk I/O error"),
}
_CANNOT_OPEN = (sqlite3.SQLITE_CANTOPEN, "unable to open database file")


class SimulatedSqlite:
    """The module `sqlite3`.

    failed_commit: what became of a COMMIT that fails: `open` (nothing yet), `undone` (SQLite rolled it back) or `done`
    (it is in the log, and who asked was told that it failed).
    """

    def __init__(self, disk: Disk, failed_commit: Callable[[], str] = lambda: "undone") -> None:
        self.disk = disk
        self.failed_commit = failed_commit
        #: told of each transaction that was committed, and of its connection
        self.on_commit: Callable[[Connection], None] = lambda _connection: None
        #: told of each that is opened beside the shared memory of another one
        self.on_shared_memory: Callable[[str], None] = lambda _text: None
        self.connections: list[Connection] = []

    def connect(self, path: Any, timeout: float = 5.0, **options: Any) -> Connection:
        """As sqlite3.connect."""
        return Connection(self, str(path), timeout, options)

    def in_transaction(self) -> bool:
        """Whether anybody is in the middle of one."""
        return any(one.in_transaction for one in self.connections)

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)


class Rows:
    """What a statement gave."""

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class Connection:
    """As sqlite3.Connection, in the hands of one process."""

    def __init__(self, module: SimulatedSqlite, path: str, timeout_s: float, options: dict[str, Any]) -> None:
        self._module, self._disk = module, module.disk
        self.path = path
        self._timeout_s = timeout_s
        self._real: sqlite3.Connection | None = None
        self._trouble("open", _CANNOT_OPEN)
        self._check_shared_memory()
        self._real = sqlite3.connect(path, timeout=0, **options)
        self._inode = os.stat(path).st_ino
        #: which file it shares its memory by
        self._memory: int | None = None
        #: whether its first commit has made the names in its folder safe
        self.named = False
        module.connections.append(self)
        self._process = self._disk.process
        if self._process is not None:
            self._process.holds.append(self)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement; all of its rows are read at once."""
        verb = statement.split(maxsplit=1)[0]
        if verb == "COMMIT":
            return self._commit()
        self._trouble("read" if verb in ("SELECT", "PRAGMA", "BEGIN", "ROLLBACK") else "write")

        def run() -> Rows:
            cursor = self._open().execute(statement, parameters)
            return Rows(cursor.fetchall(), cursor.rowcount)

        # SQLite does not wait for the lock that a change of its journal's mode needs
        rows = run() if verb == "PRAGMA" else self._patiently(run)
        if self._memory is None and self._is_there():
            self._memory = _inode(f"{self.path}-shm")
        self._disk.scheduler.pause("behind a statement")
        return rows

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> Rows:
        """Run a statement with each of some rows. They are all made before the first is taken."""
        every = list(rows)
        self._trouble("write")
        self._open().executemany(statement, every)  # a cursor kept by who dies here would keep the file open
        self._disk.scheduler.pause("behind a statement")
        return Rows([], -1)

    @property
    def total_changes(self) -> int:
        return self._open().total_changes

    @property
    def in_transaction(self) -> bool:
        return self._real is not None and self._real.in_transaction

    def close(self) -> None:
        """An orderly end: the last one out writes the log into the file."""
        self._disk.scheduler.pause("close a ledger")
        if self._process is not None and self in self._process.holds:
            self._process.holds.remove(self)
        self._let_go()

    def drop(self) -> None:
        """Its process was killed: the log stays as it is."""
        if self._real is None:
            return
        if self._real.in_transaction:
            self._real.rollback()
        last = not any(one._inode == self._inode for one in self._module.connections if one is not self)
        files = (self.path, f"{self.path}-wal") if last and self._is_there() else ()
        left = {file: _read(file) for file in files if os.path.exists(file)}
        self._let_go()
        for file, content in left.items():
            _write(file, content)

    def _let_go(self) -> None:
        real, self._real = self._real, None
        if self in self._module.connections:
            self._module.connections.remove(self)
        if real is not None:
            real.close()

    def _is_there(self) -> bool:
        return os.path.exists(self.path) and os.stat(self.path).st_ino == self._inode

    def _open(self) -> sqlite3.Connection:
        if self._real is None:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        return self._real

    def _commit(self) -> Rows:
        real = self._open()
        try:
            self._trouble("write")
        except sqlite3.OperationalError:
            became = self._module.failed_commit()
            if became == "undone":
                real.rollback()
            elif became == "done":
                self._patiently(lambda: real.execute("COMMIT"))
                self._module.on_commit(self)
            raise
        self._patiently(lambda: real.execute("COMMIT"))
        self._module.on_commit(self)
        self.named = True
        self._disk.scheduler.pause("behind a commit")
        return Rows([], -1)

    def _trouble(self, operation: str, otherwise: tuple[int, str] = _CODES[errno.EIO]) -> None:
        """The disk may fail. Raises sqlite3.OperationalError."""
        try:
            self._disk.touch_point(operation, self.path)
        except OSError as error:
            code, text = _CODES.get(error.errno or 0, otherwise)
            raise _error(code, text) from None

    def _patiently(self, run: Callable[[], Any]) -> Any:
        scheduler = self._disk.scheduler
        end = scheduler.now_ns + int(self._timeout_s * NS)
        tries = 0
        while True:
            try:
                return run()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or scheduler.now_ns >= end:
                    raise
            scheduler.sleep("the ledger of another", _WAITS_MS[min(tries, len(_WAITS_MS) - 1)] / 1000)
            tries += 1

    def _check_shared_memory(self) -> None:
        """Two files that share the memory of one would harm each other; here they would end the real process."""
        memory, inode = _inode(f"{self.path}-shm"), _inode(self.path)
        for other in self._module.connections:
            if memory is not None and other._memory == memory and other._inode != inode:
                text = f"{os.path.basename(self.path)} would be opened with the -shm of another"
                self._module.on_shared_memory(text)
                raise SharedMemory(text)


class SharedMemory(Exception):
    """A database is opened beside the shared memory of another one that is still open."""


def _error(code: int, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


def _inode(path: str) -> int | None:
    return os.stat(path).st_ino if os.path.exists(path) else None


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write(path: str, content: bytes) -> None:
    """As it was, in the same inode if there still is one."""
    with open(path, "r+b" if os.path.exists(path) else "wb") as file:
        file.write(content)
        file.truncate()
