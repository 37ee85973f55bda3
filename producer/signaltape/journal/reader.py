"""The reading end of a journal: frames from a cursor on, across segments, damage set aside."""

from __future__ import annotations

import logging
import mmap
from pathlib import Path
from typing import NamedTuple

from signaltape.journal.frame import Frame, Gap, mend, next_frame_after, read_frame
from signaltape.journal.home import damaged_path, is_alive
from signaltape.journal.segment import (
    HEADER_BYTES,
    first_event_of,
    last_touched,
    read_header,
    segment_numbers,
    segment_path,
)

log = logging.getLogger("signaltape")


class Place(NamedTuple):
    """A place in a journal: the next frame to read, and how many events lie before it."""

    segment: int
    offset: int
    events: int


class Item(NamedTuple):
    """A frame, and the place behind it."""

    frame: Frame
    after: Place


class JournalReader:
    """Reads one journal forward. Not thread-safe.

    folder: the journal.
    place: where to begin; segment 0 means the oldest that is there.
    """

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder = folder
        self.place = place
        #: events that were gone before they could be read (removed by the bound), and frames damaged
        self.missed = 0
        self.damaged = 0
        self._map: mmap.mmap | None = None
        self._view: memoryview | None = None
        self._open_number = 0

    def read(self, max_events: int, max_bytes: int) -> list[Item]:
        """Up to `max_events` frames or about `max_bytes` of data; empty when nothing more is there now."""
        items: list[Item] = []
        size = 0
        while len(items) < max_events and size < max_bytes:
            item = self._next()
            if item is None:
                break
            items.append(item)
            size += len(item.frame.data)
        return items

    def seek(self, place: Place) -> None:
        """Go to another place of the same journal."""
        self.place = place

    def rewind(self, since: float = 0.0) -> None:
        """Go back to the oldest event here; or to the first segment written or shipped after `since`.

        since: seconds since 1970. The segment of the current place counts in any case: the time of a file that
        is still mapped may lag behind what is in it.
        """
        for number in segment_numbers(self.folder):
            if number >= self.place.segment or (last_touched(self.folder, number) or 0.0) >= since:
                self.place = Place(number, HEADER_BYTES, first_event_of(self.folder, number) or 0)
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
            found = read_frame(view, self.place.offset)
            if isinstance(found, Frame):
                return self._take(found)
            # Once there is a successor nothing is written here any more: look for it, then look again.
            successor = self._successor()
            found = read_frame(view, self.place.offset)
            if isinstance(found, Frame):
                return self._take(found)
            if found is Gap.DAMAGED:
                if successor is None and is_alive(self.folder):
                    return None  # perhaps only half visible yet; look again later
                mended = mend(view, self.place.offset)
                if mended is not None:
                    log.warning("%s: a flipped bit at %d was put right", self.folder.name, self.place.offset)
                    return self._take(mended)
                self._set_damage_aside(view)
                continue
            if successor is None:
                return None
            self.place = Place(successor, HEADER_BYTES, self.place.events)

    def _take(self, frame: Frame) -> Item:
        self.place = Place(self.place.segment, frame.end, self.place.events + 1)
        return Item(frame, self.place)

    def _segment(self) -> memoryview | None:
        """The mapped segment of the current place, stepping over segments that are gone."""
        if self._open_number == self.place.segment and self._view is not None:
            return self._view
        numbers = [number for number in segment_numbers(self.folder) if number >= self.place.segment]
        for number in numbers:
            view = self._open(number)
            if view is None:
                continue
            header = read_header(view)
            if header is None:
                log.error("%s is not a journal segment; left alone", segment_path(self.folder, number))
                continue
            if number != self.place.segment or self.place.offset < HEADER_BYTES:
                self._note_missed(header.first_event)
                self.place = Place(number, HEADER_BYTES, header.first_event)
            return view
        return None

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

    def _note_missed(self, first_event: int) -> None:
        gone = first_event - self.place.events
        if gone > 0:
            self.missed += gone
            log.error("%s: %d events were removed before they could be shipped", self.folder.name, gone)

    def _successor(self) -> int | None:
        later = (number for number in segment_numbers(self.folder) if number > self.place.segment)
        return next(later, None)

    def _set_damage_aside(self, view: memoryview) -> None:
        start = self.place.offset
        follows = next_frame_after(view, start)
        stop = follows if follows is not None else len(view)
        damaged = bytes(view[start:stop]).rstrip(b"\0")
        with damaged_path(self.folder).open("ab") as file:
            file.write(damaged)
        self.damaged += 1
        log.error("%s: %d damaged bytes set aside at %d", self.folder.name, len(damaged), start)
        # A frame that cannot be read may still have been counted by the writer; the header of the
        # next segment sets the count right.
        self.place = Place(self.place.segment, stop, self.place.events)
