"""The archive's ledger: which lines are in, and how long each file truly is.

An SQLite file beside the archive. A batch appends to files, then commits their new lengths and the ids of its lines in
one transaction. What a crash left behind a file's committed length is taken over if it is whole and new, else cut off
before the next append: so a line is in the archive whole and once, or not at all. The transaction is also the lock
between archiver and retention. Files that retention rewrites or deletes are planned in the transaction and moved after
its commit, or, after a crash, before the next one.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from replay.archive.adoption import same_content
from replay.archive.atomic import sync_folder
from replay.archive.ledger_file import open_database
from replay.archive.ledger_files import INSERT, Files

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS lines (id BLOB PRIMARY KEY, seen INTEGER NOT NULL, digest INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS plans (target TEXT PRIMARY KEY, source TEXT) WITHOUT ROWID",
)
#: Of ledgers that were made before lines had a digest. Since then it tells the line's file too (`mark_of`).
_ADD_DIGEST = "ALTER TABLE lines ADD COLUMN digest INTEGER"
_KEY = 16  # bytes of an id


class Fresh(NamedTuple):
    """Of some lines: the ids that are new, and which of them (by number) were there with other content."""

    ids: set[str]
    conflicts: list[int]


class Ledger(Files):
    """The ledger of one archive. Raises sqlite3.Error (disk full, locked for long), OSError.

    A ledger that is not there is made anew from the files that are. One that was restored from an older copy learns at
    once what was compressed since: a plain file may be left of the time before, and whoever comes first, be it to read,
    to compress or to delete, would take its lines for others.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder, open_database(folder))
        self._planned = False
        try:
            if "digest" not in self._columns_of_lines():
                self._make()
            if self.unknown_packed():  # looked at without a lock: whoever only reads need not wait
                with self.transaction():
                    self.adopt_packed()
        except BaseException:
            self._db.close()
            raise

    def _columns_of_lines(self) -> set[str]:
        return {str(row[1]) for row in self._db.execute("PRAGMA table_info(lines)")}

    def _make(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        with self._ending():
            columns = self._columns_of_lines()  # another process may have been first
            if columns and "digest" not in columns:
                self._db.execute(_ADD_DIGEST)
            for statement in _SCHEMA:
                self._db.execute(statement)
            if not columns:
                sync_folder(self._folder.parent)  # which must not lose us all
                self.adopt_all()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else writes meanwhile; what was planned is carried out at its end."""
        self._begin_settled()
        with self._ending():
            yield
        if self._planned:
            self._planned = False
            with self.transaction():
                pass

    @contextmanager
    def appending(self, paths: Collection[str], coming: Collection[str]) -> Iterator[dict[str, int]]:
        """A transaction, and how far each of these files is ours in it. coming: as `settled_length` takes them.

        That a file was made shorter from outside is committed by itself, before it grows again: else, after a crash,
        a line might end where the ledger ends, and count as committed though its id is not known.
        """
        while True:
            with self.transaction():
                known = {path: self.length(path) or 0 for path in paths}
                lengths = {path: self.settled_length(path, coming) for path in paths}
                if all(lengths[path] >= known[path] for path in paths):
                    yield lengths
                    return

    def _begin_settled(self) -> None:
        """Begin once nothing is planned any more.

        That is committed by itself: else plans would come back with a failure, and be carried out with what this
        transaction has left in the place of their files.
        """
        while True:
            self._db.execute("BEGIN IMMEDIATE")
            with self._undoing():
                self.check_ours()
                if self._db.execute("SELECT 1 FROM plans LIMIT 1").fetchone() is None:
                    return
                with self._alone_in(""):
                    self._settle()
                self._db.execute("COMMIT")

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Commit, or undo all of it."""
        with self._undoing():
            yield
            self._db.execute("COMMIT")

    @contextmanager
    def _undoing(self) -> Iterator[None]:
        """Undo all of a transaction that fails; SQLite has undone some errors' transactions itself."""
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @property
    def in_transaction(self) -> bool:
        """Whether this process is in the middle of one."""
        return self._db.in_transaction

    def planned(self, path: str) -> bool:
        """Whether something is to become of a file that was committed and not yet done."""
        return self._db.execute("SELECT 1 FROM plans WHERE target = ?", (path,)).fetchone() is not None

    def plan_replace(self, target: str, source: str) -> None:
        """Move `source` over `target` once this transaction is committed. Paths are relative to `data/`."""
        self._db.execute("INSERT OR REPLACE INTO plans VALUES (?, ?)", (target, source))
        self._planned = True

    def plan_delete(self, target: str) -> None:
        """Delete `target` once this transaction is committed."""
        self._db.execute("INSERT OR REPLACE INTO plans VALUES (?, NULL)", (target,))
        self._planned = True

    def _settle(self) -> None:
        # moved first, then deleted: what is compressed is at any time there in one form at least
        plans = self._db.execute("SELECT target, source FROM plans ORDER BY source IS NULL").fetchall()
        for target, source in plans:
            if source is None:
                (self._folder / target).unlink(missing_ok=True)
            elif (self._folder / source).exists():  # else it was moved before a crash
                (self._folder / source).replace(self._folder / target)
        for folder in {(self._folder / target).parent for target, _ in plans}:
            if folder.is_dir():
                sync_folder(folder)
        self._db.execute("DELETE FROM plans")

    def unseen(self, ids: Sequence[str], marks: Sequence[int]) -> Fresh:
        """Those lines that are new; from now on they are known. Within a transaction.

        ids: UUIDs in canonical form; marks: as `mark_of` gives them.
        """
        now, keys = int(time.time()), bytes.fromhex("".join(ids).replace("-", ""))
        rows = [
            (keys[at : at + _KEY], now, mark)
            for at, mark in zip(range(0, len(keys), _KEY), marks, strict=True)
        ]
        self._db.execute("SAVEPOINT unseen")
        before = self._db.total_changes
        self._db.executemany(INSERT, rows)
        if self._db.total_changes - before == len(rows):  # as good as always
            self._db.execute("RELEASE unseen")
            return Fresh(set(ids), [])
        self._db.execute("ROLLBACK TO unseen")
        fresh = Fresh(set(), [])
        for number, (one, row) in enumerate(zip(ids, rows, strict=True)):
            if self._db.execute(INSERT, row).rowcount:
                fresh.ids.add(one)
            elif not same_content(self._mark(row[0]), row[2]):
                fresh.conflicts.append(number)
        self._db.execute("RELEASE unseen")
        return fresh

    def forget_ids(self, older_than_s: float) -> int:
        """Forget ids that came in longer ago: nothing can send them again. Returns how many."""
        limit = int(time.time() - older_than_s)
        return self._db.execute("DELETE FROM lines WHERE seen < ?", (limit,)).rowcount
