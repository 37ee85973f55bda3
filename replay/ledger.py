"""The archive's ledger: which lines are in, and how long each file truly is.

An SQLite file beside the archive. A batch appends to files, then commits their new lengths and the ids of its lines in
one transaction. What a crash left behind a file's committed length is taken over if it is whole and new, else cut off
before the next append: so a line is in the archive whole and once, or not at all. The transaction is also the lock
between archiver and retention. Files that retention rewrites or deletes are planned in the transaction and moved after
its commit, or, after a crash, before the next one.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from replay.adoption import Known, ends_a_line, known_lines, lines_behind, whole_length
from replay.atomic import alone_in, sync_folder, sync_names
from replay.packed import COMPRESSED

log = logging.getLogger("replay")

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS lines (id BLOB PRIMARY KEY, seen INTEGER NOT NULL, digest INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS plans (target TEXT PRIMARY KEY, source TEXT) WITHOUT ROWID",
)
#: Of ledgers that were made before lines had a digest.
_ADD_DIGEST = "ALTER TABLE lines ADD COLUMN digest INTEGER"
#: How long another process may hold the ledger before it counts as an error.
_LOCK_TIMEOUT_S = 60.0
#: Ids of lines are remembered this long, to know duplicates: longer than stream and journals can hold them.
IDS_KEPT_S = 8 * 86_400.0
_INSERT = "INSERT OR IGNORE INTO lines VALUES (?, ?, ?)"
_KEY = 16  # bytes of an id
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
NAME = "archive.db"


class Fresh(NamedTuple):
    """Of some lines: the ids that are new, and those that were there with other content."""

    ids: set[str]
    conflicts: list[str]


class Ledger:
    """The ledger of one archive. Raises sqlite3.Error (disk full, locked for long), OSError.

    A ledger that is not there is made anew from the files that are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._planned = False
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / NAME, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
        try:
            with alone_in(folder):  # several at the first start: SQLite refuses all but one at once
                self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            if "digest" not in self._columns_of_lines():
                self._make()
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
                self._adopt_all()

    def _adopt_all(self) -> None:
        """A new ledger beside files: it was lost."""
        lately = time.time() - IDS_KEPT_S
        for path in sorted(self._folder.rglob("*.jsonl*")):
            if path.suffix in (".jsonl", COMPRESSED) and not path.name.startswith("."):
                name = path.relative_to(self._folder)
                if name.parts[0] != "replay" and path.is_file():
                    self.adopt(str(name), with_ids=path.stat().st_mtime >= lately)

    def adopt(self, path: str, *, with_ids: bool = True) -> int:
        """Take over a file as it is, up to its last whole line; returns that length. Within a transaction."""
        found = self._folder / path
        length = 0
        if found.suffix != COMPRESSED:
            length = whole_length(found)
            sync_names(found, self._folder)
            self.set_length(path, length)
        now = int(time.time())
        if with_ids:
            rows = ((_key(line_id), now, digest) for line_id, digest in known_lines(found))
            self._db.executemany(_INSERT, rows)
        log.warning("%s: the ledger did not know it so; taken over as it is", path)
        return length

    def settled_length(self, path: str, coming: Iterable[str] = ()) -> int:
        """How far a file is ours, whatever became of it meanwhile; 0 if it is not there. Within a transaction.

        coming: ids of lines that are about to be written: what a crash left of these at the end is written anew.
        """
        found, length = self._folder / path, self.length(path)
        try:
            file = found.open("rb")
        except FileNotFoundError:
            if length:
                log.warning("%s was changed from outside: it has 0 bytes, %d were written", path, length)
            return 0
        with file:
            size = os.fstat(file.fileno()).st_size
            if length is not None and size >= length and ends_a_line(file, length):
                return length if size == length else self._take_over(path, file, length, frozenset(coming))
        if length is not None:
            log.warning("%s was changed from outside: it has %d bytes, %d were written", path, size, length)
        return self.adopt(path)

    def _take_over(self, path: str, file: BinaryIO, length: int, coming: frozenset[str]) -> int:
        """The length of a file with what stands behind its committed one, as far as that is new and not coming.

        A crash left it there, and it comes again; or the ledger is an older copy, and nothing comes again; or a file
        that was shorter for a while has been restored, and what is behind is known, but nowhere else.
        """
        end, now = length, int(time.time())
        counts: Counter[str] = Counter()
        for line_id, digest, line_end in _but_last(lines_behind(file, length), coming):
            key = _key(line_id)
            if not self._db.execute(_INSERT, (key, now, digest)).rowcount:
                counts = counts or Counter(known_id for known_id, _ in known_lines(self._folder / path))
                if self._digest(key) != digest or counts[line_id] > 1:
                    break
            end = line_end
        if end > length:
            os.fsync(file.fileno())
            self.set_length(path, end)
            log.warning("%s: lines up to %d were not committed; taken over", path, end)
        return end

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

    def _begin_settled(self) -> None:
        """Begin once nothing is planned any more.

        That is committed by itself: else plans would come back with a failure, and be carried out with what this
        transaction has left in the place of their files.
        """
        while True:
            self._db.execute("BEGIN IMMEDIATE")
            if self._db.execute("SELECT 1 FROM plans LIMIT 1").fetchone() is None:
                return
            with self._ending():
                self._settle()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Commit, or undo all of it; SQLite has undone some errors' transactions itself."""
        try:
            yield
            self._db.execute("COMMIT")
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

    def unseen(self, ids: Sequence[str], digests: Sequence[int]) -> Fresh:
        """Those lines that are new; from now on they are known. Within a transaction.

        ids: UUIDs in canonical form; digests: of their payloads.
        """
        now, keys = int(time.time()), bytes.fromhex("".join(ids).replace("-", ""))
        rows = [
            (keys[at : at + _KEY], now, digest)
            for at, digest in zip(range(0, len(keys), _KEY), digests, strict=True)
        ]
        self._db.execute("SAVEPOINT unseen")
        before = self._db.total_changes
        self._db.executemany(_INSERT, rows)
        if self._db.total_changes - before == len(rows):  # as good as always
            self._db.execute("RELEASE unseen")
            return Fresh(set(ids), [])
        self._db.execute("ROLLBACK TO unseen")
        fresh = Fresh(set(), [])
        for one, row in zip(ids, rows, strict=True):
            if self._db.execute(_INSERT, row).rowcount:
                fresh.ids.add(one)
            elif self._digest(row[0]) not in (None, row[2]):
                fresh.conflicts.append(one)
        self._db.execute("RELEASE unseen")
        return fresh

    def _digest(self, key: bytes) -> int | None:
        """The digest of a line; None for one that came before there were digests."""
        (digest,) = self._db.execute("SELECT digest FROM lines WHERE id = ?", (key,)).fetchone()
        return None if digest is None else int(digest)

    def forget_ids(self, older_than_s: float) -> int:
        """Forget ids that came in longer ago: nothing can send them again. Returns how many."""
        limit = int(time.time() - older_than_s)
        return self._db.execute("DELETE FROM lines WHERE seen < ?", (limit,)).rowcount

    def length(self, path: str) -> int | None:
        """The committed length of a file in bytes; None if it is not known."""
        row = self._db.execute("SELECT bytes FROM files WHERE path = ?", (path,)).fetchone()
        return int(row[0]) if row else None

    def set_length(self, path: str, length: int) -> None:
        """Commit a length with this transaction."""
        self._db.execute(
            "INSERT INTO files VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes",
            (path, length),
        )

    def drop_file(self, path: str) -> None:
        """The file is gone."""
        self._db.execute("DELETE FROM files WHERE path = ?", (path,))


def _but_last(lines: Iterable[Known], coming: frozenset[str]) -> Iterator[Known]:
    """Lines without the last ones, as far as they are coming; others may stand behind one that comes again."""
    held = []
    for line in lines:
        held.append(line)
        if line.line_id not in coming:
            yield from held
            held.clear()


def _key(line_id: str) -> bytes:
    return bytes.fromhex(line_id.replace("-", ""))


def is_damaged(error: BaseException) -> bool:
    """Whether an error says that the ledger's file is no ledger any more."""
    return getattr(error, "sqlite_errorcode", None) in _DAMAGED


def inode_of(folder: Path) -> int | None:
    """Which file the ledger of a folder is now; None if there is none."""
    try:
        return (folder / NAME).stat().st_ino
    except FileNotFoundError:
        return None


def set_aside(folder: Path, inode: int | None) -> None:
    """Move a damaged ledger out of the way: the next one is made of the files. Raises OSError.

    inode: of the damaged one; another process may have done so before.
    """
    if inode is None or inode_of(folder) != inode:
        return
    ending = f".damaged-{time.time_ns()}"
    log.error("%s is damaged: moved to %s%s, and made anew from the files", folder / NAME, NAME, ending)
    for name in (NAME, f"{NAME}-wal", f"{NAME}-shm"):
        if (folder / name).exists():
            (folder / name).replace(folder / f"{name}{ending}")
