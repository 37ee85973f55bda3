"""What the emit path needs to know of each event and record, computed once."""

from __future__ import annotations

from signaltape.contract.events import (
    EVENTS,
    SignalClosed,
    SignalInvalidated,
    SignalPublished,
    SignalTriggered,
)
from signaltape.contract.records import RECORDS
from signaltape.journal.frame import body_prefix


class Kind:
    """One event: its name, the beginning of its frame, and its own time field."""

    __slots__ = ("name", "prefix", "time_field")

    def __init__(self, name: str, time_field: str) -> None:
        self.name = name
        self.time_field = time_field
        self.prefix = body_prefix(name)


EVENT_KINDS = {name: Kind(name, event.TIME_FIELD) for name, event in EVENTS.items()}
PUBLISHED, TRIGGERED, INVALIDATED, CLOSED = (
    EVENT_KINDS[event.EVENT] for event in (SignalPublished, SignalTriggered, SignalInvalidated, SignalClosed)
)
RECORD_KINDS = {name: Kind(name, "timestamp") for name in RECORDS}
