"""Records as lines of COPY's text format. Pure."""

from __future__ import annotations

from typing import NamedTuple

from signaltape.records import RECORDS, type_of
from sink.entries import AcceptedRecord
from sink.rows import NULL, text

RECORD_COLUMNS = (
    *("record_id", "event", "class", "symbol", "event_type", "payload"),
    *("ts", "stream", "entry_id"),
)
_CLASS = {name: kind.GROUP.value for name, kind in RECORDS.items()}


class RecordLine(NamedTuple):
    """A record and its line."""

    entry: AcceptedRecord
    line: str


def record_line(entry: AcceptedRecord) -> str:
    """The line of `records` in COPY's text format, without its newline."""
    decoded = entry.decoded
    record = decoded.record
    symbol = NULL if record.symbol is None else text(record.symbol)
    return (
        f"{decoded.record_id}\t{entry.name}\t{_CLASS[entry.name]}\t{symbol}"
        f"\t{text(type_of(entry.name, record.event_type))}\t{text(entry.payload.decode())}"
        f"\t{decoded.ts.isoformat()}\t{text(entry.stream)}\t{entry.entry_id}"
    )
