"""Stream entries to events or dead letters. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from consumer.accepted import Accepted, AcceptedRecord, DeadLetter
from consumer.decoding.columns import Records
from consumer.decoding.dead_fields import pack_fields
from consumer.decoding.fast_events import fast_decode
from consumer.decoding.fast_records import Plain, fast_records
from consumer.entry import Entry
from signaltape.clock import from_epoch_ms
from signaltape.contract.codec import decode
from signaltape.contract.events import EVENTS, SCHEMA_VERSION
from signaltape.contract.record_codec import decode_record
from signaltape.contract.records import RECORDS, type_of
from signaltape.errors import InvalidEvent
from signaltape.secrecy import scrub
from signaltape.showing import describe
from signaltape.stream import (
    FIELD_DATA,
    FIELD_EVENT,
    FIELD_FIRST_ENTRY_ID,
    FIELD_ID,
    FIELD_REPLAY,
    FIELD_VERSION,
    entry_time_ms,
)

_EVENT_NAMES = {name.encode(): name for name in EVENTS}
_IS_ENTRY_ID = re.compile(rb"\d{1,20}-\d{1,20}").fullmatch
_RECORD_NAMES = {name.encode(): name for name in RECORDS}


class Batch(NamedTuple):
    """Entries read together, sorted; `ids` is what to acknowledge once the rest is committed."""

    ids: dict[str, list[str]]
    accepted: list[Accepted]
    dead: list[DeadLetter]
    #: entries that were deleted from the stream before anyone read them
    vanished: int
    records: Records

    @property
    def size(self) -> int:
        """How many entries it holds."""
        return sum(len(ids) for ids in self.ids.values())


def decode_entries(entries: Sequence[Entry]) -> Batch:
    """Sort entries into events, records and dead letters. Never raises for what an entry holds."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    found = _Found([], [], Records())
    plain = {name: Plain.none() for name in _RECORD_NAMES}
    vanished = 0
    for entry in entries:
        stream, entry_id, fields = entry.stream, entry.entry_id, entry.fields
        ids[stream].append(entry_id)
        if fields is None:
            vanished += 1
            continue
        # as the shipper writes it; with an id of the entry, as a session is loaded
        if (
            (len(fields) == 4 or (len(fields) == 6 and fields[4] == FIELD_ID))
            and fields[0] == FIELD_EVENT
            and fields[2] == FIELD_DATA
        ):
            of_a_kind = plain.get(fields[1])
            if of_a_kind is not None:
                of_a_kind.entries.append(entry)
                of_a_kind.streams.append(stream)
                of_a_kind.entry_ids.append(entry_id)
                of_a_kind.data.append(fields[3])
                continue
        _sort_one(entry, fields, found)
    for raw_name, of_a_kind in plain.items():
        if of_a_kind.entries:
            accepted, left = fast_records(_RECORD_NAMES[raw_name], of_a_kind)
            found.records.extend(accepted)
            for entry in left:
                _sort_one(entry, entry.fields or [], found)
    return Batch(dict(ids), found.accepted, found.dead, vanished, found.records)


class _Found(NamedTuple):
    accepted: list[Accepted]
    dead: list[DeadLetter]
    records: Records


def _sort_one(entry: Entry, fields: Sequence[bytes], found: _Found) -> None:
    try:
        one = _accept(entry.stream, entry.entry_id, fields)
    except InvalidEvent as error:
        found.dead.append(_to_dead_letter(entry, fields, str(error)))
        return
    except Exception as error:  # noqa: BLE001 - the decoder's own fault: the entry is kept, and the worker goes on
        found.dead.append(_to_dead_letter(entry, fields, f"it cannot be decoded: {describe(error)}"))
        return
    if isinstance(one, Accepted):
        found.accepted.append(one)
    else:
        found.records.append(one)


def to_dead_letter(entry: Entry, reason: str) -> Batch:
    """A batch that sends one entry to the dead letters without looking at what it holds."""
    dead = [_to_dead_letter(entry, entry.fields, reason)] if entry.fields is not None else []
    return Batch({entry.stream: [entry.entry_id]}, [], dead, 1 - len(dead), Records())


def _accept(stream: str, entry_id: str, fields: Sequence[bytes]) -> Accepted | AcceptedRecord:
    version, wire_id, first_id = SCHEMA_VERSION, None, entry_id
    if len(fields) == 4 and fields[0] == FIELD_EVENT and fields[2] == FIELD_DATA:
        raw_name, data = fields[1], fields[3]
    else:
        named = _named(fields)
        if FIELD_REPLAY in named:
            raise InvalidEvent("a replayed event never enters the live tables")
        raw_name, data = _required(named, FIELD_EVENT), _required(named, FIELD_DATA)
        version, wire_id = _version(named.get(FIELD_VERSION)), named.get(FIELD_ID)
        first_id = _first_entry_id(named) or entry_id
    name = _EVENT_NAMES.get(raw_name)
    if name is not None:
        decoded = fast_decode(name, data, first_id, _time_of) if version == SCHEMA_VERSION else None
        if decoded is None:
            decoded = decode(name, data, default_ts=_time_of(first_id), version=version)
        return Accepted(name, decoded, data, stream, entry_id)
    name = _RECORD_NAMES.get(raw_name)
    if name is None:
        name = raw_name.decode("utf-8", "backslashreplace")
    record_id, record, ts = decode_record(
        name,
        data,
        stream=stream,
        entry_id=first_id,
        default_ts=partial(_time_of, first_id),
        wire_id=wire_id,
        version=version,
    )
    event_type = type_of(name, record.event_type)
    return AcceptedRecord(name, record_id, record.symbol, event_type, ts, data, stream, entry_id)


def _time_of(entry_id: str) -> datetime:
    return _time_of_ms(entry_id.partition("-")[0])


@lru_cache(maxsize=64)  # at high rates many entries share a millisecond
def _time_of_ms(left: str) -> datetime:
    return from_epoch_ms(int(left))


def _named(fields: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(fields[::2], fields[1::2], strict=True))


def _required(named: dict[bytes, bytes], field: bytes) -> bytes:
    value = named.get(field)
    if value is None:
        raise InvalidEvent(f"the entry has no field {field.decode()!r}")
    return value


def _version(raw: bytes | None) -> int:
    if raw is None:
        return SCHEMA_VERSION
    if not raw.isdigit() or len(raw) > 4:
        raise InvalidEvent(f"v (schema version) must be a number, got {raw[:20]!r}")
    return int(raw)


def _first_entry_id(named: dict[bytes, bytes]) -> str | None:
    raw = named.get(FIELD_FIRST_ENTRY_ID)
    if raw is None:
        return None
    if not _IS_ENTRY_ID(raw):
        raise InvalidEvent(f"first_entry_id must be an entry id such as 1642376400000-0, got {raw[:20]!r}")
    return raw.decode()


def _to_dead_letter(entry: Entry, fields: Sequence[bytes], reason: str) -> DeadLetter:
    named = _named(fields)
    raw = named.pop(FIELD_DATA, b"")
    name = named.get(FIELD_EVENT)
    first_id = named.get(FIELD_FIRST_ENTRY_ID, b"")
    came = first_id.decode() if _IS_ENTRY_ID(first_id) else entry.entry_id
    return DeadLetter(
        stream=entry.stream,
        entry_id=entry.entry_id,
        event=_text(name[:200]) if name is not None else None,
        raw=raw,
        fields=pack_fields(named),
        reason=_text(scrub(reason).encode("utf-8", "backslashreplace")),
        entry_ts=from_epoch_ms(entry_time_ms(came)),
    )


def _text(raw: bytes) -> str:
    """Bytes as a text that Postgres can hold."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
