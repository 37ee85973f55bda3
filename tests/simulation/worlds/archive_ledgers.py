"""What a person does to an archive's ledger: removes, copies, restores or spoils it. Its programs have been ended."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from tests.simulation.worlds.archive_base import ArchiveBase

_PAGE = 4096


class Ledgers:
    """The ledger's file of one world, in the hands of a person."""

    def __init__(self, world: ArchiveBase) -> None:
        self._world = world

    @property
    def path(self) -> Path:
        """The file, be it there or not."""
        return self._world.root / "archive.db"

    def remove(self) -> None:
        """With all that lies beside it."""
        self._world.disturbed_by_hand = True
        for path in sorted(self._world.root.glob("archive.db*")):
            path.unlink()

    def copy(self) -> bytes | None:
        """Its content; None if it is none, or something is planned that a copy would do again."""
        with closing(sqlite3.connect(self.path)) as db:
            try:
                if db.execute("SELECT 1 FROM plans").fetchone() is not None:
                    return None
            except sqlite3.Error:
                return None
        return self.path.read_bytes()

    def restore(self, content: bytes, *, without_digests: bool = False) -> None:
        """Put an older one in its place; without digests: as it was before lines had them."""
        self.remove()
        self._world.restored = True
        self.path.write_bytes(content)
        if without_digests:
            with closing(sqlite3.connect(self.path)) as db, suppress(sqlite3.Error):
                db.execute("ALTER TABLE lines DROP COLUMN digest")
        self._world.story.tell("world", "an older ledger is restored")

    def spoil(self, chance: random.Random) -> None:
        """It is no ledger any more."""
        self._world.disturbed_by_hand = True
        content = self.path.read_bytes()
        log = Path(f"{self.path}-wal")
        if log.exists() and chance.random() < 0.5:
            log.unlink()
        torn = content[:_PAGE] + b"\x55" * (len(content) - _PAGE)
        self.path.write_bytes(chance.choice((b"no ledger" * 1000, torn, b"\0" * len(content))))
