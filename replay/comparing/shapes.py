"""What a comparison of events answers with."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Raw, Struct

What = Literal["different", "vanished", "appeared"]
#: The field that says when an event happened.
TIME = "time"
_write = msgspec.json.Encoder(decimal_format="number").encode
_read = msgspec.json.Decoder(float_hook=Decimal).decode


class FieldDifference(Struct, frozen=True, kw_only=True, rename="camel"):
    """A field with its value on both sides, as JSON; null where it is not there."""

    field: str
    recorded: Raw
    replayed: Raw

    @property
    def values(self) -> tuple[object, object]:
        """Both as Python has them: numbers keep their digits, the time of an event is a datetime."""
        recorded, replayed = _read(self.recorded), _read(self.replayed)
        if self.field != TIME:
            return recorded, replayed
        return datetime.fromisoformat(recorded), datetime.fromisoformat(replayed)


def field_difference(field: str, recorded: object, replayed: object) -> FieldDifference:
    """A field with these values."""
    return FieldDifference(field=field, recorded=Raw(_write(recorded)), replayed=Raw(_write(replayed)))


class Divergence(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the replay first parts from the recording.

    said: it in words; number: its place among all events that were compared, from 1; index: its number in the session
    (`seek` goes there), null if it was not recorded; fields: what differs.
    """

    what: What
    said: str
    number: int
    index: int | None
    at: datetime
    event: str
    symbol: str | None
    signal_id: str | None
    replayed_signal_id: str | None
    fields: list[FieldDifference]


class EventCounts(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many events were compared, and how they stand to each other."""

    recorded: int
    replayed: int
    same: int
    different: int
    appeared: int
    vanished: int
