"""The fast path to accept records: those of a kind that were read together are decoded by one call.

A record with an id in the usual form and a time that names its zone needs nothing else. For anything out of the
ordinary, and to say what is wrong, `signaltape.contract.record_codec` decides;
`tests/unit/test_fast_records.py` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import compress
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import force_setattr

from consumer.decoding.columns import Records
from consumer.decoding.fast_events import are_canonical_ids
from consumer.entry import Entry
from signaltape.clock import FIRST_YEAR, LAST_YEAR
from signaltape.contract.codec import check_encoding
from signaltape.contract.limits import (
    BACKSLASH,
    MAX_EVENT_BYTES,
    NUL,
    SMALL_BYTES,
    has_long_exponent,
    needs_a_look,
)
from signaltape.contract.moments import NINES, cut, is_far_from_utc, moment_of
from signaltape.contract.records import RECORDS, type_of
from signaltape.errors import InvalidEvent

#: Inside of these the year is allowed in any zone.
_EARLIEST, _LATEST = datetime(FIRST_YEAR, 1, 3, tzinfo=UTC), datetime(LAST_YEAR, 12, 29, tzinfo=UTC)
_DECODE_LINES = {name: msgspec.json.Decoder(kind).decode_lines for name, kind in RECORDS.items()}


class Plain(NamedTuple):
    """Entries that hold the name of one event, its data and at most an id beside; and again as columns."""

    entries: list[Entry]
    streams: list[str]
    entry_ids: list[str]
    data: list[bytes]

    @classmethod
    def none(cls) -> Plain:
        """Empty, to be filled."""
        return cls([], [], [], [])

    def part(self, start: int, stop: int) -> Plain:
        """Those from `start` to before `stop`."""
        which = slice(start, stop)
        return Plain(self.entries[which], self.streams[which], self.entry_ids[which], self.data[which])

    def only(self, chosen: Sequence[bool]) -> Plain:
        """Those that are chosen."""
        entries, data = list(compress(self.entries, chosen)), list(compress(self.data, chosen))
        return Plain(
            entries, [entry.stream for entry in entries], [entry.entry_id for entry in entries], data
        )


def fast_records(name: str, plain: Plain) -> tuple[Records, list[Entry]]:
    """The records called `name` of these entries, with their own ids and times, and the entries left to the contract.

    What is left is all that is not plainly valid.
    """
    records = _decode_together(name, plain.data)
    if records is not None:
        return _accept(name, plain, records)
    size = len(plain.entries)
    if size == 1:
        return Records(), plain.entries
    middle = size // 2  # what one of them holds is nothing to the others
    accepted, left = fast_records(name, plain.part(0, middle))
    more, more_left = fast_records(name, plain.part(middle, size))
    accepted.extend(more)
    return accepted, left + more_left


def _decode_together(name: str, data: Sequence[bytes]) -> list[Any] | None:
    """One record for each piece of data; None unless each is one whole JSON object, and none is odd.

    Each piece begins with `{` and ends with `}`, so the newline between two pieces stands between these. Within a JSON
    object no `}` is followed by a `{`, and no string holds a newline: every piece ends what it began. And as there
    are no more values than pieces, each holds exactly one.
    """
    lines = b"\n".join(data)
    if lines[:1] != b"{" or lines[-1:] != b"}" or lines.count(b"}\n{") != len(data) - 1:
        return None
    largest = max(map(len, data))
    if largest > MAX_EVENT_BYTES or (BACKSLASH in lines and NUL in lines):
        return None
    try:
        records: list[Any] = _DECODE_LINES[name](lines)
        check_encoding(lines)
        if has_long_exponent(lines) or (largest > SMALL_BYTES and any(map(needs_a_look, data))):
            return None
    except Exception:  # noqa: BLE001 - whatever it was, the contract says it in words
        return None
    if len(records) != len(data):
        return None
    if NINES in lines:
        for record, one in zip(records, data, strict=True):
            if isinstance(record.timestamp, datetime):
                force_setattr(record, "timestamp", cut(record.timestamp, one, "timestamp"))
    return records


def _accept(name: str, plain: Plain, records: Sequence[Any]) -> tuple[Records, list[Entry]]:
    ids, times = [record.id for record in records], [record.timestamp for record in records]
    left: list[Entry] = []
    if not _are_usual(ids, times):
        times = [_from_ms(ts) if type(ts) in (int, float) else ts for ts in times]
        usual = [_are_usual([one], [ts]) for one, ts in zip(ids, times, strict=True)]
        left = [entry for entry, kept in zip(plain.entries, usual, strict=True) if not kept]
        plain = plain.only(usual)
        records, ids, times = (list(compress(column, usual)) for column in (records, ids, times))
    usual_type = type_of(name, None)
    accepted = Records(
        [name] * len(records),
        ids,
        [record.symbol for record in records],
        [record.event_type or usual_type for record in records],
        times,
        plain.data,
        plain.streams,
        plain.entry_ids,
    )
    return accepted, left


def _are_usual(ids: list[Any], times: list[Any]) -> bool:
    """Whether all ids have the usual form, and all times a zone and surely a year that is allowed."""
    try:
        if not (min(times) >= _EARLIEST and max(times) <= _LATEST and are_canonical_ids(ids)):
            return False
        one_of_each_zone = {ts.tzinfo: ts for ts in times}.values()
        return not any(map(is_far_from_utc, one_of_each_zone))
    except TypeError:  # no time, or one without a zone; no id
        return False


def _from_ms(ts: float) -> datetime | None:
    """A time in milliseconds since 1970, as engines in JavaScript give it; None if it is none."""
    try:
        return moment_of("timestamp", ts)
    except InvalidEvent:
        return None
