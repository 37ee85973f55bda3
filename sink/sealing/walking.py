"""A day's rows beside the names that its seal holds, in order of arrival: what was altered, what is not in it. Pure.

As long as they agree, nothing is looked up. Where they do not, the row that should be next is looked up by its key: it
was purged, or deleted, or is another one now; or it is as it was, and then what came before it does not belong there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from sink.sealing.names import Name
from sink.sealing.rows import Key, Row

#: Of a day no more are looked for: the first is named, the others are counted.
MOST_WRONG = 100


class Fate(StrEnum):
    """What became of a row."""

    CHANGED = "changed"
    MOVED = "moved"
    DELETED = "deleted"
    INSERTED = "inserted"
    OUT_OF_ORDER = "out of order"


class Wrong(NamedTuple):
    """A row that is not as it was sealed."""

    key: Key
    fate: Fate


class Found(NamedTuple):
    """What there is of a key: its row, and the digests of what was purged."""

    row: Row | None
    purged: list[bytes]


LookUp = Callable[[Key], Found]
Span = tuple[int, int]


class Walk:
    """One walk along a day. look_up: asked only where rows and names part; day: its bounds in microseconds since 1970;
    elsewhere: rows of the day in later seals.
    """

    def __init__(
        self, look_up: LookUp, day: Span, elsewhere: Mapping[Key, bytes], most_extra: int | None = None
    ) -> None:
        self.digest = sha256()
        self.wrong: list[Wrong] = []
        #: rows that no seal holds, in order; no more than most_extra are kept
        self.extra: list[Key] = []
        self.extras = 0
        self.purged = self.seen = 0
        self._look_up, self._day = look_up, day
        self._elsewhere, self._most_extra = elsewhere, most_extra
        self._accounted: set[Key] = set()

    @property
    def given_up(self) -> bool:
        """Whether there is too much wrong to go on."""
        return len(self.wrong) >= MOST_WRONG

    def along(self, names: Iterable[Name], rows: Iterator[Row]) -> None:
        """Walk along the rows that arrived on the day itself."""
        row = next(rows, None)
        for name in names:
            if not _same(row, name):
                if not self._stands(name):
                    row = next(rows, None) if row is not None and row.key in self._accounted else row
                    if self.given_up:
                        return
                    continue
                row = self._skip(name.key, row, rows)
                if row is None:
                    self._say(name.key, Fate.OUT_OF_ORDER)
                    return
            self._take(row)
            row = next(rows, None)
        self._skip(None, row, rows)

    def late(self, names: Iterable[Name], rows: Iterable[Row]) -> None:
        """Look at rows that came late. rows: those of them that are there."""
        there = {row.key: row for row in rows}
        for name in names:
            row = there.get(name.key)
            if _same(row, name):
                self._take(row)
            else:
                self._stands(name)
            if self.given_up:
                return

    def _stands(self, name: Name) -> bool:
        """Whether the row of a name is as it was sealed. If not, what became of it is noted."""
        row, purged = self._look_up(name.key)
        if _same(row, name):
            return True
        if (digest := next((one for one in purged if one.startswith(name.mark)), None)) is not None:
            self.digest.update(digest)
            self.purged += 1
            return False
        self._accounted.add(name.key)
        self._say(name.key, Fate.DELETED if row is None else self._altered(row))
        return False

    def _altered(self, row: Row) -> Fate:
        since, until = self._day
        return Fate.CHANGED if since <= row.received_us < until else Fate.MOVED

    def _skip(self, key: Key | None, row: Row | None, rows: Iterator[Row]) -> Row | None:
        """Past all rows before the one with a key."""
        while row is not None and row.key != key:
            self._extra(row)
            row = next(rows, None)
        return row

    def _take(self, row: Row | None) -> None:
        assert row is not None
        self.digest.update(row.digest)
        self.seen += 1

    def _extra(self, row: Row) -> None:
        if row.key in self._accounted or row.key in self._elsewhere:
            return
        self.extras += 1
        if self._most_extra is None or len(self.extra) < self._most_extra:
            self.extra.append(row.key)

    def _say(self, key: Key, fate: Fate) -> None:
        self.wrong.append(Wrong(key, fate))
        if key in self.extra:  # it stands before its old place now, and was met there
            self.extra.remove(key)
            self.extras -= 1


def _same(row: Row | None, name: Name) -> bool:
    return row is not None and row.key == name.key and row.digest.startswith(name.mark)
