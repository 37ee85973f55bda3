"""Good and bad by the minute, of the last days: two numbers a minute, so that three days of hundreds stay small."""

from __future__ import annotations

from array import array


class Ring:
    """Counts of the last minutes. A minute is its number since 1970; what comes late is added where it belongs."""

    __slots__ = ("_bad", "_good", "_newest", "_size", "first")

    def __init__(self, minutes: int) -> None:
        self._size = minutes
        self._good, self._bad = array("q", bytes(8 * minutes)), array("q", bytes(8 * minutes))
        self._newest: int | None = None
        #: the first minute that was ever counted into; what was too old for that makes nothing known
        self.first: int | None = None

    def add(self, minute: int, good: int, bad: int) -> None:
        """Count into a minute; one that is older than the ring is long is left out."""
        self._turn_to(minute)
        assert self._newest is not None
        if minute > self._newest - self._size:
            self.first = minute if self.first is None else min(self.first, minute)
            self._good[minute % self._size] += good
            self._bad[minute % self._size] += bad

    def sums(self, until: int, minutes: int) -> tuple[int, int]:
        """Good and bad of the last `minutes` up to and with the minute `until`."""
        if self._newest is None:
            return 0, 0
        first = max(until - minutes + 1, self._newest - self._size + 1)
        last = min(until, self._newest)
        return _sum(self._good, first, last), _sum(self._bad, first, last)

    def is_over(self, now: int) -> bool:
        """Whether all that was counted is older than the ring is long."""
        return self._newest is None or self._newest <= now - self._size

    def _turn_to(self, minute: int) -> None:
        """Make room: the minutes in between held what is too old by now."""
        if self._newest is None:
            self._newest = minute
        for skipped in range(max(self._newest + 1, minute - self._size + 1), minute + 1):
            self._good[skipped % self._size] = self._bad[skipped % self._size] = 0
        self._newest = max(self._newest, minute)


def _sum(counts: array[int], first: int, last: int) -> int:
    if first > last:
        return 0
    begin, end = first % len(counts), last % len(counts)
    return sum(counts[begin : end + 1]) if begin <= end else sum(counts[begin:]) + sum(counts[: end + 1])
