"""The archive's ledger: which lines are in, and how long each file truly is.

An SQLite file beside the archive. A batch appends to files, then commits their new lengths and the ids of its lines in
one transaction. After a crash whatever lies behind a file's committed length is cut off before the next append: so a
line is in the archive whole and once, or not at all. The transaction is also the lock between archiver and retention.
Files that retention rewrites or deletes are planned in the transaction and moved after its commit, or, after a crash,
before the next one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lines (id BLOB PRIMARY KEY, seen INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removed (grp TEXT PRIMARY KEY, before TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plans (target TEXT PRIMARY KEY, source TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots (kind TEXT PRIMARY KEY, ts TEXT NOT NULL) WITHOUT ROWID;
"""
#: How long another process may hold the ledger before it counts as an error.
_LOCK_TIMEOUT_S = 60.0


class Ledger:
    """The ledger of one archive. Raises sqlite3.Error (disk full, locked for long)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._planned = False
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "archive.db", timeout=_LOCK_TIMEOUT_S, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else writes meanwhile; what was planned is carried out at its end."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._settle()
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        if self._planned:
            self._planned = False
            with self.transaction():
                pass

    def plan_replace(self, target: str, source: str) -> None:
        """Move `source` over `target` once this transaction is committed. Paths are relative to `data/`."""
        self._db.execute("INSERT OR REPLACE INTO plans VALUES (?, ?)", (target, source))
        self._planned = True

    def plan_delete(self, target: str) -> None:
        """Delete `target` once this transaction is committed."""
        self._db.execute("INSERT OR REPLACE INTO plans VALUES (?, NULL)", (target,))
        self._planned = True

    def _settle(self) -> None:
        plans = self._db.execute("SELECT target, source FROM plans").fetchall()
        for target, source in plans:
            if source is None:
                (self._folder / target).unlink(missing_ok=True)
            elif (self._folder / source).exists():  # else it was moved before a crash
                (self._folder / source).replace(self._folder / target)
        if plans:
            self._db.execute("DELETE FROM plans")

    def unseen(self, ids: list[str]) -> set[str]:
        """Those ids that are new; from now on they are known. ids: UUIDs in canonical form."""
        now = int(time.time())
        rows = [(bytes.fromhex(one.replace("-", "")), now) for one in ids]
        insert = "INSERT OR IGNORE INTO lines VALUES (?, ?)"
        self._db.execute("SAVEPOINT unseen")
        before = self._db.total_changes
        self._db.executemany(insert, rows)
        if self._db.total_changes - before == len(rows):  # as good as always
            self._db.execute("RELEASE unseen")
            return set(ids)
        self._db.execute("ROLLBACK TO unseen")
        fresh = {one for one, row in zip(ids, rows, strict=True) if self._db.execute(insert, row).rowcount}
        self._db.execute("RELEASE unseen")
        return fresh

    def forget_ids(self, older_than_s: float) -> int:
        """Forget ids that came in longer ago: nothing can send them again. Returns how many."""
        limit = int(time.time() - older_than_s)
        return self._db.execute("DELETE FROM lines WHERE seen < ?", (limit,)).rowcount

    def length(self, path: str) -> int:
        """The committed length of a file in bytes; 0 if it has none."""
        row = self._db.execute("SELECT bytes FROM files WHERE path = ?", (path,)).fetchone()
        return int(row[0]) if row else 0

    def set_length(self, path: str, length: int) -> None:
        """Commit a length with this transaction."""
        self._db.execute(
            "INSERT INTO files VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes",
            (path, length),
        )

    def drop_file(self, path: str) -> None:
        """The file is gone."""
        self._db.execute("DELETE FROM files WHERE path = ?", (path,))

    def snapshot_time(self, kind: str) -> str:
        """The time of the latest snapshot of a kind that was taken over; an empty text before the first."""
        row = self._db.execute("SELECT ts FROM snapshots WHERE kind = ?", (kind,)).fetchone()
        return str(row[0]) if row else ""

    def set_snapshot_time(self, kind: str, ts: str) -> None:
        """Note the time of the latest snapshot of a kind."""
        self._db.execute(
            "INSERT INTO snapshots VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET ts = excluded.ts",
            (kind, ts),
        )

    def removed_before(self, group: str) -> str:
        """The time before which lines of a group were deleted; an empty text if none ever was."""
        row = self._db.execute("SELECT before FROM removed WHERE grp = ?", (group,)).fetchone()
        return str(row[0]) if row else ""

    def set_removed_before(self, group: str, before: str) -> None:
        """Lines of a group before this time are gone."""
        self._db.execute(
            "INSERT INTO removed VALUES (?, ?) ON CONFLICT (grp) DO UPDATE SET before = max(before, excluded.before)",
            (group, before),
        )

    @property
    def began(self) -> bool:
        """Whether anything was ever archived."""
        return self._db.execute("SELECT 1 FROM lines LIMIT 1").fetchone() is not None
