"""The reading end of a journal: frames from a cursor on, across segments, damage set aside."""

from __future__ import annotations

import logging
import mmap
import time
from pathlib import Path
from typing import NamedTuple

from signaltape.journal.frame import HEAD_BYTES, Frame, Gap, mend, next_frame_after, read_frame
from signaltape.journal.home import damaged_path, is_alive
from signaltape.journal.segment import (
    HEADER_BYTES,
    SegmentHeader,
    first_event_of,
    last_touched,
    read_header,
    segment_numbers,
    segment_path,
)

log = logging.getLogger("signaltape")

#: A frame is written in one copy. What cannot be read for so long is no frame in the making.
_HALF_VISIBLE_S = 1.0


class JournalPosition(NamedTuple):
    """A position in a journal: the next frame to read, and how many events lie before it."""

    segment: int
    offset: int
    events: int


class Item(NamedTuple):
    """A frame, and the position behind it."""

    frame: Frame
    after: JournalPosition


class JournalReader:
    """Reads one journal forward. Not thread-safe.

    folder: the journal.
    position: where to begin; segment 0 means the oldest that is there.
    """

    def __init__(self, folder: Path, position: JournalPosition) -> None:
        self.folder = folder
        self.position = position
        #: events that were gone before they could be read (removed by the bound), and damaged stretches
        self.missed = 0
        self.damaged = 0
        #: whether the writer is known to have ended: then what follows a blank is damage, not yet to be written
        self.ended = False
        self._set_aside: set[tuple[int, int]] = set()
        self._blank_from: tuple[int, int] | None = None
        #: where a frame was first seen that cannot be read, and when
        self._odd: tuple[tuple[int, int], float] | None = None
        self._map: mmap.mmap | None = None
        self._view: memoryview | None = None
        self._open_number = 0

    def read(self, max_events: int, max_bytes: int) -> list[Item]:
        """Up to `max_events` frames or about `max_bytes` of data; empty when nothing more is there now.

        Raises OSError (a file cannot be opened or written) if nothing can be read before that.
        """
        items: list[Item] = []
        size = 0
        while len(items) < max_events and size < max_bytes:
            try:
                item = self._next()
            except OSError:
                if not items:
                    raise
                break  # they are shipped first: that may make the room which is missing
            if item is None:
                break
            items.append(item)
            size += len(item.frame.data)
        return items

    def seek(self, position: JournalPosition) -> None:
        """Go to another position in the same journal."""
        self.position = position
        if position.offset < HEADER_BYTES:
            self.close()  # opened again, it is read from its header on

    def rewind(self, since: float = 0.0) -> None:
        """Go back to the oldest event here; or to the first segment written or shipped after `since`.

        since: seconds since 1970. The segment of the current position counts in any case: the time of a file that
        is still mapped may lag behind what is in it.
        """
        for number in segment_numbers(self.folder):
            if number >= self.position.segment or (last_touched(self.folder, number) or 0.0) >= since:
                self.position = JournalPosition(
                    number, HEADER_BYTES, first_event_of(self.folder, number) or 0
                )
                return

    def close(self) -> None:
        """Unmap what is open."""
        if self._view is not None:
            self._view.release()
            self._view = None
        if self._map is not None:
            self._map.close()
            self._map = None
        self._open_number = 0

    def _next(self) -> Item | None:
        while True:
            view = self._segment()
            if view is None:
                return None
            found = read_frame(view, self.position.offset)
            if isinstance(found, Frame):
                return self._take(found)
            # Once there is a successor, or no writer, nothing is written here any more: see that, then look again.
            has_successor = self._has_successor()
            if not (has_successor or self.ended) and (found is Gap.UNWRITTEN or self._may_be_half_visible()):
                return None  # not written yet: look again later
            frame = self._final(view)
            if frame is not None:
                return self._take(frame)
            if self._is_blank_from_here(view):
                if not has_successor:
                    return None
                self.position = JournalPosition(self.position.segment + 1, 0, self.position.events)
            elif not self._set_damage_aside(
                view, whole=has_successor or self.ended or not is_alive(self.folder)
            ):
                return None  # the writer goes on behind it: then it is seen where

    def _may_be_half_visible(self) -> bool:
        """Whether what looks damaged here may be a frame in the making: not for long, and not of a dead writer."""
        here, now = (self.position.segment, self.position.offset), time.monotonic()
        if self._odd is None or self._odd[0] != here:
            self._odd = (here, now)
        return now - self._odd[1] < _HALF_VISIBLE_S and is_alive(self.folder)

    def _final(self, view: memoryview) -> Frame | None:
        """The frame here, where nothing is written any more: as it stands, or mended."""
        found = read_frame(view, self.position.offset)
        if isinstance(found, Frame):
            return found
        mended = None if self._is_blank_from_here(view) else mend(view, self.position.offset)
        if mended is not None:
            log.warning("%s: a flipped bit at %d was put right", self.folder.name, self.position.offset)
        return mended

    def _take(self, frame: Frame) -> Item:
        self.position = JournalPosition(self.position.segment, frame.end, self.position.events + 1)
        return Item(frame, self.position)

    def _segment(self) -> memoryview | None:
        """The mapped segment of the current position, stepping over segments that are gone."""
        if self._open_number == self.position.segment and self._view is not None:
            return self._view
        numbers = self._numbers_from_here()
        if numbers and numbers[0] != self.position.segment:
            # What appears during a listing may be missing in it, though something later is not: by now both are there.
            numbers = self._numbers_from_here()
        for number in numbers:
            view = self._open(number)
            if view is None:
                continue
            if number != self.position.segment or self.position.offset < HEADER_BYTES:
                self._begin(number, read_header(view))
            return view
        return None

    def _numbers_from_here(self) -> list[int]:
        return [number for number in segment_numbers(self.folder) if number >= self.position.segment]

    def _open(self, number: int) -> memoryview | None:
        self.close()
        try:
            with segment_path(self.folder, number).open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        except (FileNotFoundError, ValueError):  # removed meanwhile, or empty
            return None
        self._view = memoryview(self._map)
        self._open_number = number
        return self._view

    def _begin(self, number: int, header: SegmentHeader | None) -> None:
        """Go to the first frame of a segment. Its header sets our count right: damaged frames were not counted."""
        events = self.position.events
        if header is None:
            log.error(
                "%s: its header is damaged; the events behind it are read all the same",
                segment_path(self.folder, number),
            )
        else:
            gone = header.first_event - events
            # Only where a segment is not there any more was anything removed.
            if gone > 0 and number > self.position.segment:
                self.missed += gone
                log.error("%s: %d events were removed before they could be shipped", self.folder.name, gone)
            events = header.first_event
        self.position = JournalPosition(number, HEADER_BYTES, events)

    def _has_successor(self) -> bool:
        return any(number > self.position.segment for number in segment_numbers(self.folder))

    def _is_blank_from_here(self, view: memoryview) -> bool:
        """Whether only zeros follow: if not, this is no end but damage (a length of zero, a page that is gone)."""
        here = (self.position.segment, self.position.offset)
        if self._blank_from != here:
            rest = bytes(view[self.position.offset :])
            if len(rest) >= HEAD_BYTES and rest != bytes(len(rest)):
                return False
            self._blank_from = here
        return True

    def _set_damage_aside(self, view: memoryview, *, whole: bool) -> bool:
        """Go past damage. False if nothing is behind it yet, and the segment is not whole."""
        start = self.position.offset
        follows = next_frame_after(view, start)
        if follows is None and not whole:
            self._odd = None
            return False
        stop = follows if follows is not None else len(view)
        stretch = (self.position.segment, start)
        if stretch not in self._set_aside:  # it is read again after a rewind
            damaged = bytes(view[start:stop]).rstrip(b"\0")
            with damaged_path(self.folder).open("ab") as file:
                file.write(damaged)
            self._set_aside.add(stretch)
            self.damaged += 1
            log.error("%s: %d damaged bytes set aside at %d", self.folder.name, len(damaged), start)
        # A frame that cannot be read may still have been counted by the writer; the header of the
        # next segment sets the count right.
        self.position = JournalPosition(self.position.segment, stop, self.position.events)
        return True
