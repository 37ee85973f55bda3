"""One entry of a stream, as Redis gave it; and what is made of those that were read together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from signaltape.stream import FIELD_EVENT


class Entry(Struct, frozen=True, gc=False):
    """One entry: stream key, entry id, names and values in turn.

    `fields` is None for an entry that was deleted from the stream while it was pending.
    """

    stream: str
    entry_id: str
    fields: Sequence[bytes] | None


#: Names and values of an entry that holds an event and its data.
_USUAL = 4


def bytes_of(entries: Sequence[Entry]) -> int:
    """What the values of entries take."""
    given = [entry.fields for entry in entries if entry.fields]
    return sum([len(f[1]) + len(f[3]) if len(f) == _USUAL else sum(map(len, f)) for f in given])


def kind_of(entry: Entry) -> bytes:
    """The name of its event; empty if it has none where that usually stands."""
    fields = entry.fields
    return fields[1] if fields and fields[0] == FIELD_EVENT else b""


class DecodedBatch(Protocol):
    """What a consumer makes of entries that were read together."""

    @property
    def ids(self) -> dict[str, list[str]]:
        """The entry ids of each stream: what to acknowledge once the rest is safe."""
        ...

    @property
    def size(self) -> int:
        """How many entries it holds."""
        ...


B = TypeVar("B", bound=DecodedBatch)


class Decoding(NamedTuple, Generic[B]):
    """What becomes of entries: `decode` those read together, `to_dead_letter` one that kills whoever touches it."""

    decode: Callable[[Sequence[Entry]], B]
    to_dead_letter: Callable[[Entry, str], B]


class Handed(NamedTuple, Generic[B]):
    """A batch to be written, and the entries that it was made of.

    isolated: it is one entry, tried by itself because it was given out often.
    """

    entries: Sequence[Entry]
    batch: B
    isolated: bool
