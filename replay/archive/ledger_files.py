"""The part of the ledger that tells how far each file is ours, and what becomes of lines that it does not know.

A crash left them behind what was committed; the ledger was lost, or restored from an older copy; files were put there
or edited by hand. Such lines are taken over, but for those whose id stands in another file already.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

from replay.archive.adoption import (
    Known,
    ends_a_line,
    has_gaps,
    known_lines,
    lines_behind,
    mark_of,
    place_in,
    place_of,
    whole_length,
    without,
)
from replay.archive.atomic import alone_in, sync_folder, sync_names, write_beside
from replay.archive.layout import FOLDERS
from replay.archive.ledger_file import inode_of
from replay.archive.packed import COMPRESSED

log = logging.getLogger("replay")

#: Ids of lines are remembered this long, to know duplicates: longer than stream and journals can hold them.
IDS_KEPT_S = 8 * 86_400.0
INSERT = "INSERT OR IGNORE INTO lines VALUES (?, ?, ?)"


class Files:
    """What a ledger knows of the files. folder: `data/`, which paths are relative to. Raises sqlite3.Error, OSError."""

    def __init__(self, folder: Path, db: sqlite3.Connection) -> None:
        self._folder = folder
        self._db = db
        self._inode = inode_of(folder)

    def check_ours(self) -> None:
        """Raise OperationalError once the archive has no ledger or another one: who has that would not wait for us."""
        if inode_of(self._folder) != self._inode:
            raise sqlite3.OperationalError("the ledger was deleted or replaced meanwhile")

    @contextmanager
    def _alone_in(self, path: str) -> Iterator[None]:
        """Alone in a file, or by `""` in the folder: nobody opens the next ledger meanwhile. Raises as `check_ours`."""
        with alone_in(self._folder / path):
            self.check_ours()
            yield

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

    def knows(self, path: str) -> bool:
        """Whether a compressed file is as the ledger knows it, or neither there nor known."""
        try:
            size = (self._folder / path).stat().st_size
        except FileNotFoundError:
            size = None
        return self.length(path) == size

    def unknown_packed(self) -> list[str]:
        """Compressed files that an older ledger, restored, does not know; those amid their compression, too."""
        return [path for path in self._every() if path.endswith(COMPRESSED) and not self.knows(path)]

    def adopt_all(self) -> None:
        """A new ledger beside files: it was lost. Within a transaction."""
        for path in self._every():
            self.adopt(path, with_ids=self._is_wanted(path))

    def adopt_packed(self) -> None:
        """Take over compressed files that an older ledger, restored, does not know. Within a transaction."""
        for path in self.unknown_packed():
            self.adopt(path, with_ids=self._is_wanted(path))
            plain = path.removesuffix(COMPRESSED)
            if (self._folder / plain).exists():  # maybe of the time before it was compressed
                self.adopt(plain)

    def adopt(self, path: str, *, with_ids: bool = True) -> int:
        """Take over a file as it is, up to its last whole line; returns that length. Within a transaction."""
        with self._alone_in(path):  # whoever had begun to write to it by a ledger that is gone ends first
            return self._adopt(path, with_ids=with_ids)

    def _adopt(self, path: str, *, with_ids: bool) -> int:
        found = self._folder / path
        if with_ids and self._is_packed(path):  # maybe longer ago than ids are remembered
            self._remember(f"{path}{COMPRESSED}")
        all_new = not with_ids or self._remember(path)
        if found.suffix == COMPRESSED:
            length = found.stat().st_size
        else:
            length = whole_length(found)
            sync_names(found, self._folder)
            others = set() if all_new else self._elsewhere(path, (one for one, _ in known_lines(found)))
            if others or (with_ids and has_gaps(found)):
                length = self._drop(path, 0, length, others)
        self.set_length(path, length)
        log.warning("%s: the ledger did not know it so; taken over as it is", path)
        return length

    def settled_length(self, path: str, coming: Iterable[str] = ()) -> int:
        """How far a file is ours, whatever became of it meanwhile; 0 if it is not there. Within a transaction.

        It may be written anew: who reads it opens it afterwards.

        coming: ids of lines that are about to be written: what a crash left of these at the end is written anew.
        """
        found, length = self._folder / path, self.length(path)
        try:
            file = found.open("rb")
        except FileNotFoundError:
            if length:
                log.warning("%s was changed from outside: it has 0 bytes, %d were written", path, length)
                self.drop_file(path)
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
        end, now, here = length, int(time.time()), place_of(path)
        counts: Counter[str] = Counter()
        perhaps_elsewhere = []
        for line_id, digest, line_end in _but_last(lines_behind(file, length), coming):
            key, mark = _key(line_id), mark_of(path, digest)
            if not self._db.execute(INSERT, (key, now, mark)).rowcount:
                known = self._mark(key)
                if place_in(known) in (None, here):
                    counts = counts or Counter(known_id for known_id, _ in known_lines(self._folder / path))
                    if known not in (mark, digest) or counts[line_id] > 1:
                        break
                else:
                    perhaps_elsewhere.append(line_id)
            end = line_end
        others = self._elsewhere(path, perhaps_elsewhere)
        if others:
            with self._alone_in(path):
                end = self._drop(path, length, end, others)
        elif end > length:
            os.fsync(file.fileno())
        if end > length:
            self.set_length(path, end)
            log.warning("%s: lines up to %d were not committed; taken over", path, end)
        return end

    def _remember(self, path: str) -> bool:
        """Note the ids of a file. Whether all of them were new."""
        now, before, numbers = int(time.time()), self._db.total_changes, count()
        lines = zip(known_lines(self._folder / path), numbers, strict=False)
        rows = ((_key(line_id), now, mark_of(path, digest)) for (line_id, digest), _ in lines)
        self._db.executemany(INSERT, rows)
        return self._db.total_changes - before == next(numbers)

    def _elsewhere(self, path: str, ids: Iterable[str]) -> set[str]:
        """Those known ids that another file holds: it is read, for the ledger may not know what became of it."""
        said: defaultdict[int, set[str]] = defaultdict(set)
        packed = self._is_packed(path)
        for line_id in ids:
            place = place_in(self._mark(_key(line_id))) or place_of(path)
            if packed or place != place_of(path):
                said[place].add(line_id)
        if not said:
            return set()
        held = ((name, said.get(place_of(name), set())) for name in self._every() if name != path)
        return {
            line_id
            for name, some in held
            if some
            for line_id, _ in known_lines(self._folder / name)
            if line_id in some
        }

    def _drop(self, path: str, begin: int, end: int, ids: set[str]) -> int:
        """Write a file anew, up to `end`, and behind `begin` without gaps and the lines of some ids; its length."""
        found = self._folder / path
        with found.open("rb") as file:
            hidden = write_beside(found, without(file, begin, end, ids))
        length = hidden.stat().st_size
        hidden.replace(found)
        sync_folder(found.parent)
        log.warning("%s: left out what a power cut spoiled, and %d lines of other files", path, len(ids))
        return length

    def _mark(self, key: bytes) -> int | None:
        """What is known of a line that is known; None for one that came before there were digests."""
        (mark,) = self._db.execute("SELECT digest FROM lines WHERE id = ?", (key,)).fetchone()
        return None if mark is None else int(mark)

    def _every(self) -> list[str]:
        """The files that hold lines: compressed ones first, for they cannot be written anew."""
        found = [
            str(path.relative_to(self._folder))
            for folder in FOLDERS.values()  # not those of sessions, which come and go meanwhile
            for path in (self._folder / folder).rglob("*.jsonl*")
            if path.suffix in (".jsonl", COMPRESSED) and not path.name.startswith(".") and path.is_file()
        ]
        return sorted(found, key=lambda path: (not path.endswith(COMPRESSED), path))

    def _is_packed(self, path: str) -> bool:
        """Whether the compressed form of a file is there, too."""
        return (self._folder / f"{path}{COMPRESSED}").exists()

    def _is_wanted(self, path: str) -> bool:
        """Whether the ids of a file are needed: its lines may come again, or stand in its compressed form."""
        return self._is_packed(path) or (self._folder / path).stat().st_mtime >= time.time() - IDS_KEPT_S


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
