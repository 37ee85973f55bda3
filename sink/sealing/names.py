"""The rows of a seal by name, in chunks: 28 bytes each, whose event it is, which, and how its digest begins. Pure.

With it a row that was altered or deleted can be named; whether it was is said by the whole digests behind the seal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from sink.sealing.rows import Key, Row

_ID_BYTES = 16
MARK_BYTES = 11
NAME_BYTES = _ID_BYTES + 1 + MARK_BYTES
#: Some 112 kB each: few rows in the table, and little in memory.
MOST_NAMES = 4096
#: Which event it is stands in one byte.
_MOST_EVENTS = 256
_ENCODER = msgspec.json.Encoder()


class Name(NamedTuple):
    """A row of a seal."""

    key: Key
    #: the first bytes of its digest
    mark: bytes


class Chunk(NamedTuple):
    """Some rows of a seal, as `signal_event_names` holds them. Times are in microseconds since 1970."""

    late: bool
    first_us: int
    last_us: int
    events: list[str]
    names: bytes

    def each(self) -> Iterator[Name]:
        """Its names, in order."""
        events, data = self.events, self.names
        for begin in range(0, len(data), NAME_BYTES):
            event = begin + _ID_BYTES
            yield Name((data[begin:event], _of(events, data[event])), data[event + 1 : begin + NAME_BYTES])

    @property
    def written(self) -> bytes:
        """All of it, as it goes into the digest of names."""
        return _ENCODER.encode((self.late, self.first_us, self.last_us, self.events)) + self.names


def chunks(rows: Iterable[Row], *, late: bool) -> Iterator[Chunk]:
    """The rows of a day, which come in order, as chunks."""
    taken: list[Row] = []
    events: dict[str, int] = {}
    for row in rows:
        if len(taken) == MOST_NAMES or (len(events) == _MOST_EVENTS and row.key[1] not in events):
            yield _chunk(taken, events, late)
            taken, events = [], {}
        events.setdefault(row.key[1], len(events))
        taken.append(row)
    if taken:
        yield _chunk(taken, events, late)


def _chunk(rows: list[Row], events: dict[str, int], late: bool) -> Chunk:
    names = b"".join(row.key[0] + bytes((events[row.key[1]],)) + row.digest[:MARK_BYTES] for row in rows)
    return Chunk(late, rows[0].received_us, rows[-1].received_us, list(events), names)


def _of(events: list[str], place: int) -> str:
    """Which event; of a list that was tampered with, one that is none."""
    return events[place] if place < len(events) else "?"
