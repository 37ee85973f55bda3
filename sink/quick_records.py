"""The quick way to accept records: those of a kind that were read together are decoded by one call.

A record with an id in the usual form and a time that names its zone needs nothing else. For anything out of the
ordinary, and to say what is wrong, `signaltape.record_contract` decides; `tests/unit/test_quick_records.py` holds the
two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from signaltape.clock import FIRST_YEAR, LAST_YEAR
from signaltape.consuming.entry import Entry
from signaltape.contract import BACKSLASH, MAX_EVENT_BYTES, NUL, check_encoding
from signaltape.records import RECORDS, Record, type_of
from sink.entries import AcceptedRecord
from sink.quick import are_canonical_ids

_DECODE_LINES = {name: msgspec.json.Decoder(kind).decode_lines for name, kind in RECORDS.items()}


def quick_records(
    name: str, entries: Sequence[Entry], data: Sequence[bytes]
) -> tuple[list[AcceptedRecord], list[Entry]]:
    """The records called `name` of these entries, with their own ids and times, and the entries left to the contract.

    data: the JSON of each entry. What is left is all that is not plainly valid.
    """
    records = _decode_together(name, data)
    if records is not None:
        return _accept(name, entries, data, records)
    if len(entries) == 1:
        return [], [*entries]
    middle = len(entries) // 2  # what one of them holds is nothing to the others
    accepted, left = quick_records(name, entries[:middle], data[:middle])
    more, more_left = quick_records(name, entries[middle:], data[middle:])
    return accepted + more, left + more_left


def _decode_together(name: str, data: Sequence[bytes]) -> list[Any] | None:
    """One record for each piece of data; None unless each is one whole JSON object, and none is odd.

    Each piece begins with `{` and ends with `}`, so the newline between two pieces stands between these. Within a JSON
    object no `}` is followed by a `{`, and no string holds a newline: every piece ends what it began. And as there
    are no more values than pieces, each holds exactly one.
    """
    lines = b"\n".join(data)
    if lines[:1] != b"{" or lines[-1:] != b"}" or lines.count(b"}\n{") != len(data) - 1:
        return None
    if max(map(len, data)) > MAX_EVENT_BYTES or (BACKSLASH in lines and NUL in lines):
        return None
    try:
        records: list[Any] = _DECODE_LINES[name](lines)
        check_encoding(lines)
    except Exception:  # noqa: BLE001 - whatever it was, the contract says it in words
        return None
    return records if len(records) == len(data) else None


def _accept(
    name: str, entries: Sequence[Entry], data: Sequence[bytes], records: list[Record]
) -> tuple[list[AcceptedRecord], list[Entry]]:
    all_canonical = are_canonical_ids([record.id or "" for record in records])
    usual_type = type_of(name, None)
    accepted: list[AcceptedRecord] = []
    left: list[Entry] = []
    for entry, payload, record in zip(entries, data, records, strict=True):
        ts, given = record.timestamp, record.id
        if (
            type(ts) is datetime
            and ts.tzinfo is not None
            and FIRST_YEAR <= ts.year <= LAST_YEAR
            and given is not None
            and (all_canonical or are_canonical_ids([given]))
        ):
            event_type = record.event_type or usual_type
            accepted.append(
                AcceptedRecord(
                    name, given, record.symbol, event_type, ts, payload, entry.stream, entry.entry_id
                )
            )
        else:
            left.append(entry)
    return accepted, left
