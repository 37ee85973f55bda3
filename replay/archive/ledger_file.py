"""The ledger's file, and those that SQLite keeps beside it: opened, told apart, and set aside if it is damaged."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

from replay.archive.atomic import alone_in

log = logging.getLogger("replay")

NAME = "archive.db"
#: What SQLite keeps beside it: the log of what is not in it yet, and the memory that its users share.
_BESIDE = (f"{NAME}-wal", f"{NAME}-shm")
#: How long another process may hold the ledger before it counts as an error.
_LOCK_TIMEOUT_S = 60.0
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def open_database(folder: Path) -> sqlite3.Connection:
    """The ledger of a folder, empty if there was none. Raises sqlite3.Error, OSError."""
    with alone_in(folder):  # several at the first start: SQLite refuses all but one at once
        if not (folder / NAME).exists():
            for name in _BESIDE:  # of a ledger that is gone: another one must not take them for its own
                (folder / name).unlink(missing_ok=True)
        db = sqlite3.connect(folder / NAME, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
        except BaseException:
            db.close()
            raise
    return db


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

    inode: of the damaged one; another process may have done so before. Nobody opens a new one before all is moved.
    """
    with alone_in(folder):
        if inode is None or inode_of(folder) != inode:
            return
        ending = f".damaged-{time.time_ns()}"
        log.error("%s is damaged: moved to %s%s, and made anew from the files", folder / NAME, NAME, ending)
        for name in (NAME, *_BESIDE):
            if (folder / name).exists():
                (folder / name).replace(folder / f"{name}{ending}")
