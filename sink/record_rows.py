"""Records as lines of COPY's text format. Pure; at market-data rates this is the hot path of the sink."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from signaltape.clock import WIB
from signaltape.records import RECORDS
from sink.entries import AcceptedRecord
from sink.rows import NULL, block, moments, short_text, text, texts

RECORD_COLUMNS = (
    *("record_id", "event", "class", "symbol", "event_type", "payload"),
    *("ts", "stream", "entry_id"),
)
_CLASS = {name: kind.GROUP.value for name, kind in RECORDS.items()}
_NEVER = datetime.max.replace(tzinfo=UTC)


class RecordBlock(NamedTuple):
    """Records, the data of their COPY, and the WIB days that need a partition (since 1970)."""

    records: list[AcceptedRecord]
    data: bytes
    days: set[int]


def make_record_block(records: list[AcceptedRecord]) -> RecordBlock:
    """Records made ready for COPY."""
    return RecordBlock(records, block(record_lines(records)), _days_of(records))


def record_lines(records: Sequence[AcceptedRecord]) -> list[str]:
    """The lines of `records` in COPY's text format, without their newlines."""
    payloads = texts([entry.payload for entry in records])
    times = moments([entry.ts for entry in records])
    return [
        f"{entry.record_id}{_head(entry.name, entry.symbol, entry.event_type)}{payload}"
        f"\t{ts}\t{short_text(entry.stream)}\t{entry.entry_id}"
        for entry, payload, ts in zip(records, payloads, times, strict=True)
    ]


@lru_cache(maxsize=4096)
def _head(name: str, symbol: str | None, event_type: str) -> str:
    """The columns that neighbours have in common."""
    return f"\t{name}\t{_CLASS[name]}\t{NULL if symbol is None else text(symbol)}\t{text(event_type)}\t"


def _days_of(records: Sequence[AcceptedRecord]) -> set[int]:
    """The WIB days of records. Neighbours mostly share one: two comparisons each, then."""
    days: set[int] = set()
    since = until = _NEVER
    for entry in records:
        if not since <= entry.ts < until:
            midnight = entry.ts.astimezone(WIB).replace(hour=0, minute=0, second=0, microsecond=0)
            since = midnight.astimezone(UTC)
            until = since + timedelta(days=1)
            days.add(midnight.toordinal() - _EPOCH)
    return days


_EPOCH = datetime(1970, 1, 1).toordinal()
