"""The writing end of a journal: append one event, from any thread, in a few microseconds."""

from __future__ import annotations

import logging
import mmap
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zlib import crc32

from signaltape.errors import JournalClosed, JournalUnavailable
from signaltape.journal.cursor import read_cursor
from signaltape.journal.frame import HEAD_BYTES, Frame, align, pack_head_into, padded, read_frame
from signaltape.journal.home import backlog_bytes, new_journal_folder
from signaltape.journal.segment import (
    HEADER_BYTES,
    create_segment,
    first_event_of,
    segment_numbers,
    segment_path,
)

log = logging.getLogger("signaltape")


class JournalWriter:
    """The journal of this process.

    home: the folder that holds `journal/`.
    segment_bytes: size of one segment file.
    max_bytes: when the segments take more, the oldest goes; events in it that were not shipped are
        counted in `dropped` and logged.
    clock: the current time, for the folder's name.

    Raises JournalUnavailable if the folder or its first segment cannot be made.
    """

    def __init__(
        self,
        home: Path,
        *,
        segment_bytes: int,
        max_bytes: int,
        clock: Callable[[], datetime],
    ) -> None:
        try:
            self.folder, self._owner = new_journal_folder(home, clock())
        except OSError as error:
            raise JournalUnavailable(f"no journal under {home}: {error.strerror}") from error
        self._segment_bytes = segment_bytes
        self._max_bytes = max_bytes
        self._gives_way: JournalWriter | None = None
        self._beside: list[Path] = []
        # Re-entrant: a signal handler may emit while its own thread is inside append.
        self._lock = threading.RLock()
        self._writing = False
        self._deferred: list[bytes] = []
        self._number = 0
        self._map: mmap.mmap | None = None
        self._offset = 0
        self._size = 0
        self._closed = False
        self.events = 0
        self.dropped = 0

    def precede(self, other: JournalWriter) -> None:
        """Share one bound with another journal, whose oldest goes before the oldest of this one."""
        self._gives_way = other
        self._beside = [other.folder]
        other._beside = [self.folder]

    def append(self, body: bytes) -> None:
        """Write one frame. When this returns, a kill -9 of this process no longer loses the event.

        Raises JournalUnavailable (disk full) or JournalClosed.
        """
        checksum = crc32(body)
        with self._lock:
            if self._writing:  # a signal handler interrupted the append below, in this very thread
                self._deferred.append(body)
                return
            self._writing = True
            try:
                length = len(body)
                start = self._offset
                begin = start + HEAD_BYTES
                end = begin + length
                if end > self._size:
                    self._rotate(length)
                    start = self._offset
                    begin = start + HEAD_BYTES
                    end = begin + length
                mapped: mmap.mmap = self._map  # type: ignore[assignment]  # mapped as long as it has a size
                mapped[begin:end] = body
                pack_head_into(mapped, start, length, checksum)
                self._offset = (end + 7) & -8  # align(end), without the call
                self.events += 1
            except KeyboardInterrupt:
                self._settle()
                raise
            finally:
                self._writing = False
            while self._deferred:
                self.append(self._deferred.pop(0))

    def close(self) -> None:
        """Unmap the segment and give up ownership. What was written stays for the shipper."""
        with self._lock:
            self._closed = True
            if self._map is not None:
                self._map.close()
                self._map = None
                self._size = 0
            self._owner.release()

    def forget_in_child(self) -> None:
        """In a forked child: let go of the parent's journal without touching it."""
        self._owner.forget()
        self._map = None
        self._size = 0
        self._closed = True

    def _settle(self) -> None:
        """After Ctrl-C inside `append`: step over a frame that was finished but not yet counted."""
        if self._map is None or self._offset + HEAD_BYTES > self._size:
            return
        frame = read_frame(memoryview(self._map), self._offset)
        if isinstance(frame, Frame):
            self._offset = frame.end
            self.events += 1

    def _rotate(self, length: int) -> None:
        """Begin a segment that has room for a body of `length` bytes."""
        if self._closed:
            raise JournalClosed("the emitter is closed")
        size = align(max(self._segment_bytes, HEADER_BYTES + padded(length)))
        self._make_room(size)
        mapped = create_segment(self.folder, self._number + 1, size, self.events)
        old, self._map = self._map, mapped
        if old is not None:
            old.close()
        self._number += 1
        self._offset = HEADER_BYTES
        self._size = size

    def _make_room(self, size: int) -> None:
        """Remove the oldest segments, of the journal that gives way first, until `size` bytes more fit the bound."""
        folders = [self.folder, *self._beside]
        while sum(map(backlog_bytes, folders)) + size > self._max_bytes:
            if self._gives_way is not None and self._gives_way.give_up_oldest():
                continue
            if not self.give_up_oldest():
                return

    def give_up_oldest(self) -> bool:
        """Remove the oldest segment, unless it is the only one."""
        numbers = segment_numbers(self.folder)
        if len(numbers) < 2:
            return False
        self._count_dropped(numbers[0], numbers[1])
        segment_path(self.folder, numbers[0]).unlink(missing_ok=True)
        return True

    def _count_dropped(self, oldest: int, following: int) -> None:
        first, end = first_event_of(self.folder, oldest), first_event_of(self.folder, following)
        if first is None or end is None:
            return
        lost = end - max(first, read_cursor(self.folder).events)
        if lost > 0:
            self.dropped += lost
            log.error(
                "journal is full (%d bytes): the oldest %d events that were not shipped are gone; "
                "is Redis away, or is no shipper running?",
                self._max_bytes,
                lost,
            )
