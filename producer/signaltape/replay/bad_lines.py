"""What is no line where one should stand: named, counted, left out."""

from __future__ import annotations

import logging

log = logging.getLogger("signaltape")

#: So many are named in the log; the count goes on.
_NAMED = 20


class BadLines:
    """Of one reading, or of several of the same files: each place counts once."""

    def __init__(self) -> None:
        self._places: set[str] = set()
        #: the first ones, as `file:line: why`
        self.named: list[str] = []

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._places)

    def note(self, place: str, why: object) -> None:
        """Take note of one. place: `file:line`, or the file from where on nothing can be read."""
        if place in self._places:
            return
        self._places.add(place)
        if self.count <= _NAMED:
            self.named.append(f"{place}: {why}")
            log.warning("this is no line of ours: %s", self.named[-1])
        elif self.count == _NAMED + 1:
            log.warning("further bad lines are counted, not named")

    def said(self) -> str:
        """In words, for the end of a sentence; empty if there are none."""
        if not self.count:
            return ""
        return (
            f"{self.count} bad {'line' if self.count == 1 else 'lines'} left out, the first {self.named[0]}"
        )
