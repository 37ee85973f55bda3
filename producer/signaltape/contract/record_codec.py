"""Bytes to record: the one decoder that the engine's emit, the worker and the archiver use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import uuid_utils

from signaltape.clock import as_aware
from signaltape.contract.codec import NAMESPACE, read_struct
from signaltape.contract.events import EVENTS, SCHEMA_VERSION
from signaltape.contract.limits import needs_a_look, written_oddly
from signaltape.contract.moments import cut, moment_of
from signaltape.contract.record_base import Record
from signaltape.contract.records import RECORDS
from signaltape.errors import InvalidEvent
from signaltape.showing import show

_CANONICAL_CHARS = 36


@cache
def record_decoder(name: str) -> msgspec.json.Decoder[Any] | None:
    """What reads the record called `name`; None if there is none."""
    kind = RECORDS.get(name)
    return msgspec.json.Decoder(kind) if kind is not None else None


class DecodedRecord(NamedTuple):
    """A valid record with its identity and time."""

    record_id: str
    record: Record
    ts: datetime


def check_record(name: str, data: bytes) -> Record:
    """Decode `data`, as emit has just written them, as the record called `name`. Its id was looked at (`checked_id`).

    Raises InvalidEvent with a message that names the field, its rule and the value.
    """
    record = _decode(name, data, written_oddly)
    if record.timestamp is not None:
        moment_of("timestamp", record.timestamp)
    return record


def _decode(name: str, data: bytes, is_odd: Callable[[bytes], bool] = needs_a_look) -> Record:
    decoder = record_decoder(name)
    if decoder is None:
        known = ", ".join((*EVENTS, *RECORDS))
        raise InvalidEvent(f"event must be one of {known}, got {show(name)}")
    record: Record = read_struct(decoder, RECORDS[name], data, is_odd)
    return record


def decode_record(
    name: str,
    data: bytes,
    *,
    stream: str,
    entry_id: str,
    default_ts: Callable[[], datetime],
    wire_id: bytes | None = None,
    version: int = SCHEMA_VERSION,
) -> DecodedRecord:
    """Decode one stream entry.

    The id is the record's own, else the entry's field `id`, else it is made of the entry's place (stream key and
    entry id). `default_ts` is asked when the record carries no time.
    Raises InvalidEvent.
    """
    if version != SCHEMA_VERSION:
        raise InvalidEvent(f"v (schema version) must be {SCHEMA_VERSION}, got {version}")
    record = _decode(name, data)
    sent = None if record.timestamp is None else as_aware(moment_of("timestamp", record.timestamp))
    ts = default_ts() if sent is None else cut(sent, data, "timestamp")
    given = record.id if record.id is not None else wire_id.decode("utf-8", "replace") if wire_id else None
    record_id = checked_id(given) if given else str(uuid_utils.uuid5(NAMESPACE, f"{stream}:{entry_id}"))
    return DecodedRecord(record_id, record, ts)


def checked_id(given: str) -> str:
    """A record's id in the usual form. Raises InvalidEvent if it is no UUID."""
    try:
        if len(given) == _CANONICAL_CHARS:
            return str(uuid_utils.UUID(given))
        return str(UUID(given))  # the other ways to write one
    except ValueError:
        raise InvalidEvent(
            f"id must be a UUID, got {show(given)} (an order's own id is its clientOrderId or exchangeOrderId)"
        ) from None
