"""One entry of a stream, as Redis gave it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Entry(Struct, frozen=True, gc=False):
    """One entry: stream key, entry id, names and values in turn.

    `fields` is None for an entry that was deleted from the stream while it was pending.
    """

    stream: str
    entry_id: str
    fields: Sequence[bytes] | None


class Sorted(Protocol):
    """What a consumer makes of entries that were read together."""

    @property
    def ids(self) -> dict[str, list[str]]:
        """The entry ids of each stream: what to acknowledge once the rest is safe."""
        ...

    @property
    def size(self) -> int:
        """How many entries it holds."""
        ...
