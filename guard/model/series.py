"""Slots of one key in the order of time, however they arrive: a window of them is two bisections."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta

from msgspec.structs import replace

from guard.model.slots import MINUTE, SLOT, Minute, Slot

#: An engine's clock may be so far ahead of the guard's; what says it is of later counts for nothing yet.
AHEAD = timedelta(minutes=2)


class Series:
    """Slots by the end of their stretch."""

    __slots__ = ("_ends", "_slots")

    def __init__(self) -> None:
        self._ends: list[datetime] = []
        self._slots: list[Slot] = []

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, slot: Slot) -> None:
        """Put a slot where it belongs."""
        end = slot.at + (MINUTE if isinstance(slot, Minute) else SLOT)
        place = bisect_right(self._ends, end)
        self._ends.insert(place, end)
        self._slots.insert(place, _packed(slot))

    def window(self, length: timedelta, now: datetime) -> list[Slot]:
        """Slots of which some part lies in the last so long."""
        first = bisect_right(self._ends, now - length)
        return self._slots[first : bisect_right(self._ends, now + AHEAD)]

    def forget(self, before: datetime) -> None:
        """Let go of slots that ended before a moment."""
        gone = bisect_left(self._ends, before)
        del self._ends[:gone], self._slots[:gone]


def _packed(slot: Slot) -> Slot:
    """With its histogram in a few hundred bytes."""
    return replace(slot, bucket=array("i", slot.bucket), bucket_n=array("q", slot.bucket_n))
