"""What a comparison of events answers with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

What = Literal["different", "vanished", "appeared"]


class FieldDifference(Struct, frozen=True, kw_only=True, rename="camel"):
    """A field with its value on both sides, as JSON; null where it is not there."""

    field: str
    recorded: Any
    replayed: Any


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
