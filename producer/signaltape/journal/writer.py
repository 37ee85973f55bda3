"""The writing end of a journal: append one event, from any thread, in a few microseconds.

A frame gets into the mapped segment by one call of `mmap.write`, which copies and moves the place of writing
without letting go of the interpreter (in builds without its lock, under one of the map's own). So any thread, and
any signal handler, writes without a lock; the lock here guards the change to the next segment.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

from signaltape.errors import JournalClosed, JournalUnavailable
from signaltape.journal.cursor import read_cursor
from signaltape.journal.frame import pack_frame
from signaltape.journal.home import backlog_bytes, new_journal_folder
from signaltape.journal.open_segment import OpenSegment
from signaltape.journal.segment import (
    HEADER_BYTES,
    draft_segment,
    publish_segment,
    segment_numbers,
    segment_path,
)

log = logging.getLogger("signaltape")


#: A signal handler begins a segment while its thread begins one; one that interrupts this handler there waits for it:
#: signals may come faster than segments are made.
_DEEPEST = 2
#: Size of a segment that a signal handler begins.
_SMALL_BYTES = 16 * 1024


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
        # Re-entrant: a signal handler may emit while its own thread begins a segment, and then begins one itself.
        self._lock = threading.RLock()
        #: how many events are looking for room, one in the midst of the other
        self._depth = 0
        self._deferred: deque[bytes] = deque()
        self._numbers = count(1)
        self._drafts = count(1)
        #: number of the first event of each segment that was begun
        self._first_events: dict[int, int] = {}
        #: the segments that were made and not closed, by number; the last one is to be written to
        self._open: dict[int, OpenSegment] = {}
        self._events_before_close = 0
        self._closed = False
        self.dropped = 0
        #: events that were dropped and not yet logged
        self._unlogged = 0
        #: Writes one whole frame (`pack_frame`) into the open segment. Raises ValueError if there is no room in
        #: it, or none is open: then `append` the body.
        self.write: Callable[[bytes], int] = _no_segment

    def evicts_before(self, other: JournalWriter) -> None:
        """Share one bound with another journal, whose oldest goes before the oldest of this one."""
        self._gives_way = other
        self._beside = [other.folder]
        other._beside = [self.folder]

    @property
    def events(self) -> int:
        """How many events this journal has taken. They are counted when somebody asks, not when they come."""
        with self._lock:
            while (segment := self._newest()) is not None:
                with suppress(ValueError):  # a signal handler began another one
                    return segment.count()
            return self._events_before_close

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
            with suppress(OSError, JournalUnavailable):  # there was no room for them, and there still is none
                self._write_deferred()
            self._closed = True
            self._seal()
            self._events_before_close = self.events
            self._let_go()
            self._owner.release()
        self._log_dropped()

    def forget_in_child(self) -> None:
        """In a forked child: let go of the parent's journal without touching it."""
        self._owner.forget()
        self._closed = True
        self.write = _no_segment
        with suppress(BufferError):
            self._let_go()  # whoever forked amid an emit may have the way into a segment in hand

    def _write_in_next(self, frame: bytes) -> None:
        try:
            self._write_locked(frame)
        finally:
            # Without the lock: who writes the engine's log may wait there for a thread that emits.
            if not self._depth:
                self._log_dropped()
                if self._gives_way is not None:
                    self._gives_way._log_dropped()

    def _write_locked(self, frame: bytes) -> None:
        with self._lock:
            if self._depth == _DEEPEST:
                self._deferred.append(frame)
                return
            try:
                self._deeper(partial(self._write_somewhere, frame))
            finally:  # it failed: they were told that they are safe all the same
                with suppress(OSError, JournalUnavailable):  # no room for them now
                    # Looked at from outside too: one behind the last look within would wait for the next change.
                    while self._deferred:
                        self._deeper(self._write_deferred)

    def _deeper(self, write: Callable[[], None]) -> None:
        self._depth += 1
        try:
            write()
        finally:
            self._depth -= 1

    def _write_somewhere(self, frame: bytes) -> None:
        while True:
            with suppress(ValueError):  # another thread, or a signal handler, may have begun one meanwhile
                self.write(frame)
                return
            self._begin_segment(len(frame))

    def _write_deferred(self) -> None:
        while self._deferred:
            # Without a call in between, behind which a handler may raise: then it would be nowhere.
            frame = self._deferred[0]
            del self._deferred[0]
            try:
                self._write_somewhere(frame)
            except BaseException:
                self._deferred.appendleft(frame)
                raise

    def _begin_segment(self, frame_bytes: int) -> None:
        """Begin a segment with room for a frame.

        A signal handler may come in at any point, in this very thread, and begin one of its own. Then that is the one
        to write to, and what is made here is thrown away or stays empty: a reader would have gone past it. It may
        close the journal too, or return as a forked child, which has no part in it.
        """
        self._refuse_if_closed()
        in_handler = self._depth > 1
        # In a handler a small one, soon made: the next signal may be near. Room for it is made with the next one.
        usual = min(_SMALL_BYTES, self._segment_bytes) if in_handler else self._segment_bytes
        size = max(usual, HEADER_BYTES + frame_bytes)
        if not in_handler:
            self._make_room(size)
        draft = draft_segment(self.folder, next(self._drafts), size)
        # In one step, no number is used twice; and first, what a handler begins from now on is behind it: a reader
        # takes the last number for the segment that is being written to.
        number = next(self._numbers)
        self._seal()
        events = self.events
        if max(self._open, default=0) > number:  # these are not the events before it
            draft.path.unlink(missing_ok=True)
            return
        self._refuse_if_closed()
        self._first_events[number] = events  # before another thread, in need of room, can see its file
        made = OpenSegment(publish_segment(draft, number, events), events)
        if max(self._open, default=0) < number and not self._closed:
            self._open[number] = made
        self._use_newest()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise JournalClosed("the emitter is closed")

    def _newest(self) -> OpenSegment | None:
        """The segment that is written to; None before the first, and after the last."""
        while self._open:
            segment = self._open.get(max(self._open, default=0))
            if segment is not None:  # else a signal handler began another one, and let go of it
                return segment
        return None

    def _use_newest(self) -> None:
        """Write to the newest segment, and let go of those before it."""
        while (segment := self._newest()) is not None:
            self.write = segment.map.write
            if segment is self._newest():  # else a signal handler began another one
                break
        # Sorted in one step: a signal handler may begin another one amid a loop.
        for older in sorted(self._open)[:-1]:
            left = self._open.pop(older, None)
            if left is not None:
                left.map.close()

    def _seal(self) -> None:
        """Let nobody write to the open segment any more."""
        segment = self._newest()
        if segment is not None:
            with suppress(ValueError):  # closed by a signal handler, that began another one
                segment.map.seek(0, os.SEEK_END)

    def _let_go(self) -> None:
        opened, self._open = self._open, {}
        for segment in opened.values():
            segment.map.close()

    def _make_room(self, size: int) -> None:
        """Remove the oldest segments, of the journal that gives way first, until `size` bytes more fit the bound."""
        folders = [self.folder, *self._beside]
        while sum(map(backlog_bytes, folders)) + size > self._max_bytes:
            if self._gives_way is not None and self._gives_way.evict_oldest():
                continue
            if not self.evict_oldest():
                return

    def evict_oldest(self) -> bool:
        """Remove the oldest segment, unless it is the only one."""
        numbers = segment_numbers(self.folder)
        if len(numbers) < 2:
            return False
        self._count_dropped(numbers[0], numbers[1])
        segment_path(self.folder, numbers[0]).unlink(missing_ok=True)
        return True

    def _count_dropped(self, oldest: int, following: int) -> None:
        shipped = read_cursor(self.folder).events  # first: if it cannot be read, this is done again
        first, end = self._first_events.pop(oldest, None), self._first_events.get(following)
        if first is None or end is None:  # no segment of ours
            return
        lost = end - max(first, shipped)
        if lost > 0:
            self.dropped += lost
            self._unlogged += lost

    def _log_dropped(self) -> None:
        lost, self._unlogged = self._unlogged, 0
        if lost:
            with suppress(Exception):  # a handler of the engine's log may raise
                log.error(
                    "journal is full (%d bytes): the oldest %d events that were not shipped are gone; "
                    "is Redis away, or is no shipper running?",
                    self._max_bytes,
                    lost,
                )
