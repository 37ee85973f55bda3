"""How many entries to ask Redis for at once: few of those that are large, or they would not find room in memory."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.entry import Entry, bytes_of

#: A process that was killed for its memory begins with so few.
_FIRST = 16


class BatchSize:
    """Grows with entries that are small, shrinks with those that are large.

    most: entries at once at most; enough_bytes: what they may take together, roughly.
    """

    def __init__(self, most: int, enough_bytes: int) -> None:
        self._most = most
        self._enough_bytes = enough_bytes
        self.count = min(_FIRST, most)

    def weigh(self, entries: Sequence[Entry]) -> int:
        """What entries take that came at once."""
        size = bytes_of(entries)
        if size > self._enough_bytes:
            self.count = max(1, self.count * self._enough_bytes // size)
        elif len(entries) >= self.count and size < self._enough_bytes // 4:
            self.count = min(self._most, 2 * self.count)
        return size
