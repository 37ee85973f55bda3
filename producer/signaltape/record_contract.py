"""Bytes to record: the one decoder that the engine's emit, the worker and the archiver use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import uuid_utils

from signaltape.clock import FIRST_YEAR, LAST_YEAR, as_aware
from signaltape.contract import BACKSLASH, MAX_EVENT_BYTES, NAMESPACE, NUL, check_encoding
from signaltape.errors import InvalidEvent
from signaltape.events import EVENTS, SCHEMA_VERSION
from signaltape.explain import explain, refuse_nul, show_value
from signaltape.records import RECORDS, Record

_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in RECORDS.items()}
_CANONICAL_CHARS = 36
_LAST = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
_LAST_MS = int(_LAST.timestamp() * 1000)


class DecodedRecord(NamedTuple):
    """A valid record with its identity and time."""

    record_id: str
    record: Record
    ts: datetime


def check_record(name: str, data: bytes) -> Record:
    """Decode `data` (JSON) as the record called `name`.

    Raises InvalidEvent with a message that names the field, its rule and the value.
    """
    record = _decode(name, data)
    if record.timestamp is not None:
        moment_of(record.timestamp)
    return record


def _decode(name: str, data: bytes) -> Record:
    decoder = _DECODERS.get(name)
    if decoder is None:
        known = ", ".join((*EVENTS, *RECORDS))
        raise InvalidEvent(f"event must be one of {known}, got {show_value(name)}")
    if len(data) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"data must be at most {MAX_EVENT_BYTES} bytes, got {len(data)}")
    try:
        record = decoder.decode(data)
        check_encoding(data)
    except msgspec.ValidationError as error:
        raise InvalidEvent(explain(RECORDS[name], data, error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidEvent(f"data must be JSON: {error}") from None
    except RecursionError:
        raise InvalidEvent("data must not be nested so deeply") from None
    if BACKSLASH in data and NUL in data:
        refuse_nul(data)
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
    ts = default_ts() if record.timestamp is None else moment_of(record.timestamp)
    given = record.id if record.id is not None else wire_id.decode("utf-8", "replace") if wire_id else None
    record_id = _checked_id(given) if given else str(uuid_utils.uuid5(NAMESPACE, f"{stream}:{entry_id}"))
    return DecodedRecord(record_id, record, ts)


def moment_of(timestamp: datetime | int) -> datetime:
    """A record's time as an aware time. Raises InvalidEvent outside of the years 1970 to 2199."""
    if isinstance(timestamp, int):
        if not 0 <= timestamp <= _LAST_MS:
            raise InvalidEvent(f"timestamp must be milliseconds since 1970, got {timestamp}")
        return datetime.fromtimestamp(timestamp / 1000, UTC)
    moment = as_aware(timestamp)
    if not FIRST_YEAR <= timestamp.year <= LAST_YEAR:
        raise InvalidEvent(
            f"timestamp must lie in the years {FIRST_YEAR} to {LAST_YEAR}, got {timestamp.isoformat()}"
        )
    return moment


def _checked_id(given: str) -> str:
    try:
        if len(given) == _CANONICAL_CHARS:
            return str(uuid_utils.UUID(given))
        return str(UUID(given))  # the other ways to write one
    except ValueError:
        raise InvalidEvent(f"id must be a UUID, got {show_value(given)}") from None
