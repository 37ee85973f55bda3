"""The quick way to accept a record: the contract's own decoder, for what the Emitter writes.

A record with an id in the usual form and a time that names its zone needs nothing else. For anything out of the
ordinary, and to say what is wrong, `signaltape.record_contract` decides; `tests/unit/test_quick_records.py` holds the
two against each other.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from signaltape.clock import FIRST_YEAR, LAST_YEAR
from signaltape.contract import MAX_EVENT_BYTES
from signaltape.records import RECORDS, type_of
from sink.entries import AcceptedRecord
from sink.quick import is_canonical_id

_DECODE = {name: msgspec.json.Decoder(kind).decode for name, kind in RECORDS.items()}
_BACKSLASH = ord("\\")


def quick_record(name: str, data: bytes, stream: str, entry_id: str) -> AcceptedRecord | None:
    """The record, with its own id and time; None for whatever is not plainly valid: ask the contract then."""
    if len(data) > MAX_EVENT_BYTES or _BACKSLASH in data:
        return None
    try:
        record = _DECODE[name](data)
    except Exception:  # noqa: BLE001 - whatever it was, the contract says it in words
        return None
    ts, given = record.timestamp, record.id
    if type(ts) is not datetime or ts.tzinfo is None or not FIRST_YEAR <= ts.year <= LAST_YEAR:
        return None
    if given is None or not is_canonical_id(given):
        return None
    event_type = type_of(name, record.event_type)
    return AcceptedRecord(name, given, record.symbol, event_type, ts, data, stream, entry_id)
