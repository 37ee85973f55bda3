"""The archiver: batches of the stream into files, each line once and whole."""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from consumer.decoding.decode import Batch
from consumer.writing import SinkUnavailable
from replay.archive.adoption import digest_of, mark_of
from replay.archive.appending import append
from replay.archive.atomic import replace_file, sync_names
from replay.archive.layout import archive_file, data_folder, snapshot_file
from replay.archive.ledger import Ledger
from replay.archive.ledger_file import inode_of, is_damaged, set_aside
from replay.archive.lines import all_sortable, make_line, sortable
from signaltape.contract.record_base import Group
from signaltape.contract.records import RECORDS
from signaltape.failpoints import failpoint
from signaltape.replay.line import BadLine, payload_of, read_head

log = logging.getLogger("replay")

#: Of one batch; the others are counted.
_CONFLICTS_NAMED = 5
#: Where the hour ends in the time of a line.
_HOUR = len("2022-01-17T03")
_SNAPSHOTS = {name for name, kind in RECORDS.items() if kind.GROUP is Group.SNAPSHOTS}


class Archived(NamedTuple):
    """What was done: lines written, duplicates dropped, invalid entries left to the worker's dead letters.

    conflicts: dropped too, but their content is another than that of the line with their id.
    """

    lines: int = 0
    duplicates: int = 0
    invalid: int = 0
    conflicts: int = 0


class _Line(Struct, gc=False):  # made in half the time of a named tuple
    line_id: str
    mark: int
    event: str
    path: str
    ts: str
    line: bytes


class Archive:
    """The archive as the loop's target. data: SIGNALTAPE_DATA."""

    def __init__(self, data: Path) -> None:
        self._root = data_folder(data)
        self._ledger: Ledger | None = None
        self._inode: int | None = None
        self.total = Archived()
        #: of all lines that were appended
        self.written_bytes = 0

    def write(self, batch: Batch) -> None:
        """Append a batch. When this returns it is on disk; if it raises SinkUnavailable, nothing of it is."""
        lines = _lines(batch)
        try:
            if self._ledger is not None and inode_of(self._root) != self._inode:
                log.error("the ledger under %s was deleted or replaced: opened anew", self._root)
                self.close()
            if self._ledger is None:
                self._inode = inode_of(self._root)
                self._ledger = Ledger(self._root)
                self._inode = inode_of(self._root)
            written, conflicts = self._append(self._ledger, lines)
            if inode_of(self._root) != self._inode:
                raise OSError("its ledger was deleted or replaced amid a batch")
        except (OSError, sqlite3.Error) as error:
            self.close()
            if is_damaged(error):
                self._set_aside()
            raise SinkUnavailable(f"the archive under {self._root}", _why(error)) from error
        total = self.total
        self.total = Archived(
            total.lines + written,
            total.duplicates + len(lines) - written - conflicts,
            total.invalid + len(batch.dead),
            total.conflicts + conflicts,
        )

    def close(self) -> None:
        """Close the ledger."""
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()

    def _set_aside(self) -> None:
        try:
            set_aside(self._root, self._inode)
        except OSError as error:  # tried again with the next batch
            log.error("the damaged ledger under %s cannot be moved: %s", self._root, error)

    def _append(self, ledger: Ledger, lines: list[_Line]) -> tuple[int, int]:
        """How many lines were written, and how many conflict with one that is there."""
        ids = [one.line_id for one in lines]
        with ledger.appending({one.path for one in lines}, ids) as lengths:
            fresh, conflicts = ledger.unseen(ids, [one.mark for one in lines])
            written, others = len(fresh), set(conflicts)
            files: defaultdict[str, list[bytes]] = defaultdict(list)
            latest: dict[str, _Line] = {}
            for number, one in enumerate(lines):
                if one.line_id in fresh:
                    fresh.discard(one.line_id)  # the first of several in this batch
                    files[one.path].append(one.line)
                elif number in others:
                    continue
                # also one that was there: a crash may have left its line, and no more
                if one.event in _SNAPSHOTS:
                    latest[one.event] = max(one, latest.get(one.event, one), key=lambda line: line.ts)
            for path, new in files.items():
                data = b"\n".join(new) + b"\n"
                ledger.set_length(path, append(self._root, path, lengths[path], data, self._inode))
            failpoint("archive.before_commit")
            for event, line in latest.items():
                self._replace_snapshot(event, line)
        self.written_bytes += sum(len(line) + 1 for new in files.values() for line in new)
        failpoint("archive.after_commit")
        for number in conflicts[:_CONFLICTS_NAMED]:
            log.warning("%s came again with other content: the first one is kept", ids[number])
        if len(conflicts) > _CONFLICTS_NAMED:
            log.warning("so did %d more", len(conflicts) - _CONFLICTS_NAMED)
        return written, len(conflicts)

    def _replace_snapshot(self, event: str, line: _Line) -> None:
        """Keep the latest snapshot of a kind, by its own time."""
        path = self._root / snapshot_file(event)
        if line.ts >= _time_in(path):
            path.parent.mkdir(exist_ok=True)
            replace_file(path, line.line + b"\n")
            sync_names(path, self._root)


def _time_in(path: Path) -> str:
    """The time of the snapshot in a file; an empty text if there is none. Raises OSError."""
    try:
        return read_head(path.read_bytes().rstrip()).ts
    except (FileNotFoundError, BadLine):
        return ""


def _lines(batch: Batch) -> list[_Line]:
    found = [
        _line(one.name, one.decoded.event_id, one.decoded.event.symbol, sortable(one.decoded.ts), one.payload)
        for one in batch.accepted
    ]
    of = batch.records  # as columns: an object for each would only be taken apart again
    found.extend(map(_line, of.names, of.record_ids, of.symbols, all_sortable(of.times), of.payloads))
    return found


def _line(event: str, line_id: str, symbol: str | None, at: str, payload: bytes) -> _Line:
    line = make_line(event, line_id, at, payload)
    # as whoever reads the line finds it: blanks around and between may be gone
    kept = payload if line.endswith(payload[1:]) else payload_of(line)
    path = archive_file(event, symbol, at[:_HOUR])
    return _Line(line_id, mark_of(path, digest_of(kept)), event, path, at, line)


def _why(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__
