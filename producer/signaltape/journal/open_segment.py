"""A segment that is open for writing, and how many events there are up to its end."""

from __future__ import annotations

import mmap

from signaltape.journal.frame import count_frames
from signaltape.journal.segment import HEADER_BYTES


class OpenSegment:
    """A segment that this process writes: its map, and how many events of the journal lie before and in it."""

    __slots__ = ("counted", "map")

    def __init__(self, mapped: mmap.mmap, first_event: int) -> None:
        self.map = mapped
        #: events of the journal that were counted, and up to which offset here; replaced in one step
        self.counted = (first_event, HEADER_BYTES)

    def count(self) -> int:
        """How many events there are up to the last one here. Raises ValueError if it was closed meanwhile."""
        before, start = self.counted
        more, end = count_frames(self.map, start)
        self.counted = (before + more, end)
        return before + more
