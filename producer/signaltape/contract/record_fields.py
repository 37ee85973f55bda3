"""What the Emitter makes of a record's fields: names as on the wire, an id, a time, a WIB day."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import uuid_utils

from signaltape.clock import WIB, as_aware
from signaltape.contract.codec import as_plain
from signaltape.contract.moments import moment_of, refuse_broken_minutes
from signaltape.contract.record_codec import checked_id
from signaltape.contract.records import RECORDS, TradeLog
from signaltape.errors import InvalidEvent

#: snake_case to the name on the wire, for each record.
_WIRE_NAMES = {
    name: {
        field: on_wire
        for field, on_wire in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        if field != on_wire
    }
    for name, kind in RECORDS.items()
}


def wire_fields(name: str, fields: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A record's fields as they are written.

    Raises InvalidEvent if a field is given under both its names, for an id that is no UUID, and for a time that
    cannot be written.
    """
    names = _WIRE_NAMES[name]
    if not names.keys().isdisjoint(fields):
        renamed = {names.get(key, key): value for key, value in fields.items()}
        if len(renamed) < len(fields):
            twice = next(key for key, wire in names.items() if key in fields and wire in fields)
            raise InvalidEvent(f"{names[twice]} must be given once, got {twice} too")
        fields = renamed
    written = {"id": None, **fields}  # in front: so it is found first
    given_id = written["id"]
    if not given_id:
        written["id"] = str(uuid_utils.uuid7())
    elif type(given_id) is not UUID:
        as_sent = given_id if isinstance(given_id, str) else as_plain(given_id)
        if isinstance(as_sent, str):  # if not, the contract says so
            checked_id(as_sent)
    if written.get("timestamp") is None:
        written["timestamp"] = now
    else:
        refuse_broken_minutes("timestamp", written["timestamp"])
    if name == TradeLog.EVENT and written.get("dateKey") is None:
        written["dateKey"] = _day(written["timestamp"])
    return written


def _day(timestamp: Any) -> str | None:
    """The WIB day of a time; None of what is no time (the contract then says so)."""
    try:
        moment = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else timestamp
        return str(as_aware(moment_of("timestamp", moment)).astimezone(WIB).date())
    except (ValueError, TypeError, InvalidEvent):
        return None
