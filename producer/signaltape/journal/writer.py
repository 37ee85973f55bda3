"""The writing end of a journal: append one event, from any thread, in a few microseconds.

A frame gets into the mapped segment by one call of `mmap.write`, which copies and moves the place of writing
without letting go of the interpreter (in builds without its lock, under one of the map's own). So any thread, and
any signal handler, writes without a lock; the lock here guards the change to the next segment.
"""

from __future__ import annotations

import logging
import mmap
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from signaltape.errors import JournalClosed, JournalUnavailable
from signaltape.journal.cursor import read_cursor
from signaltape.journal.frame import count_frames, pack_frame
from signaltape.journal.home import backlog_bytes, new_journal_folder
from signaltape.journal.segment import (
    HEADER_BYTES,
    create_segment,
    segment_numbers,
    segment_path,
)

log = logging.getLogger("signaltape")


def _no_segment(frame: bytes) -> int:
    raise ValueError("no segment is open")


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
        # Re-entrant: a signal handler may emit while its own thread changes the segment.
        self._lock = threading.RLock()
        self._changing = False
        self._deferred: list[bytes] = []
        self._number = 0
        #: number of the first event of each segment that was begun
        self._first_events: dict[int, int] = {}
        #: the open segment, how many events of the journal were counted, and up to where in this segment
        self._segment: tuple[mmap.mmap | None, int, int] = (None, 0, HEADER_BYTES)
        self._closed = False
        self.dropped = 0
        #: Writes one whole frame (`pack_frame`) into the open segment. Raises ValueError if there is no room in
        #: it, or none is open: then `append` the body.
        self.write: Callable[[bytes], int] = _no_segment

    def precede(self, other: JournalWriter) -> None:
        """Share one bound with another journal, whose oldest goes before the oldest of this one."""
        self._gives_way = other
        self._beside = [other.folder]
        other._beside = [self.folder]

    @property
    def events(self) -> int:
        """How many events this journal has taken. They are counted when somebody asks, not when they come."""
        with self._lock:
            mapped, before, counted_to = self._segment
            if mapped is None:
                return before
            count, end = count_frames(mapped, counted_to)
            self._segment = (mapped, before + count, end)
            return before + count

    def append(self, body: bytes) -> None:
        """Write one frame. When this returns, a kill -9 of this process no longer loses the event.

        Raises JournalUnavailable (disk full) or JournalClosed.
        """
        frame = pack_frame(body)
        try:
            self.write(frame)
        except ValueError:
            self._write_in_next(frame)

    def close(self) -> None:
        """Unmap the segment and give up ownership. What was written stays for the shipper."""
        with self._lock:
            if not self._changing:
                with suppress(
                    OSError, JournalUnavailable
                ):  # there was no room for them, and there still is none
                    self._write_deferred()
            self._closed = True
            mapped, events = self._seal()
            self._segment = (None, events, HEADER_BYTES)
            if mapped is not None:
                mapped.close()
            self._owner.release()

    def forget_in_child(self) -> None:
        """In a forked child: let go of the parent's journal without touching it."""
        self._owner.forget()
        self.write = _no_segment
        self._segment = (None, 0, HEADER_BYTES)
        self._closed = True

    def _write_in_next(self, frame: bytes) -> None:
        with self._lock:
            if self._changing:  # a signal handler interrupted the change below, in this very thread
                self._deferred.append(frame)
                return
            self._changing = True
            try:
                self._write_or_change(frame)
                self._write_deferred()
            finally:
                self._changing = False

    def _write_deferred(self) -> None:
        while self._deferred:
            self._write_or_change(self._deferred[0])
            del self._deferred[0]

    def _write_or_change(self, frame: bytes) -> None:
        try:
            self.write(frame)  # another thread may have changed the segment meanwhile
        except ValueError:
            self._change_segment(frame)

    def _change_segment(self, frame: bytes) -> None:
        """Begin a segment with room for `frame`, and write it there."""
        if self._closed:
            raise JournalClosed("the emitter is closed")
        old, events = self._seal()
        size = max(self._segment_bytes, HEADER_BYTES + len(frame))
        self._make_room(size)
        self._number += 1  # first: no number is used twice, even if Ctrl-C comes in between
        self._first_events[self._number] = events  # before another thread, in need of room, can see its file
        mapped = create_segment(self.folder, self._number, size, events)
        mapped.seek(HEADER_BYTES)
        mapped.write(frame)
        self._segment = (mapped, events, HEADER_BYTES)
        self.write = mapped.write
        if old is not None:
            old.close()

    def _seal(self) -> tuple[mmap.mmap | None, int]:
        """Let nobody write to the open segment any more. Returns it, and how many events there are by now."""
        mapped = self._segment[0]
        if mapped is not None:
            mapped.seek(0, os.SEEK_END)
        return mapped, self.events

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
        first, end = self._first_events.pop(oldest, None), self._first_events.get(following)
        if first is None or end is None:  # no segment of ours
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
