"""Records as lines of COPY's text format. Pure; at market-data rates this is the hot path of the sink."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, repeat
from typing import NamedTuple

from signaltape.clock import WIB
from signaltape.records import RECORDS
from sink.columns import Records
from sink.rows import NULL, moments, text, texts

RECORD_COLUMNS = (
    *("record_id", "event", "class", "symbol", "event_type", "payload"),
    *("ts", "stream", "entry_id"),
)
_CLASS = {name: kind.GROUP.value for name, kind in RECORDS.items()}
_NEVER = datetime.max.replace(tzinfo=UTC)


class RecordBlock(NamedTuple):
    """Records, the data of their COPY, and the WIB days that need a partition (since 1970)."""

    records: Records
    data: bytes
    days: set[int]


def make_record_block(records: Records) -> RecordBlock:
    """Records made ready for COPY."""
    columns = (*_columns(records), repeat("\n", len(records)))
    data = "".join(chain.from_iterable(zip(*columns, strict=True))).encode()
    return RecordBlock(records, data, _days_of(records.times))


def record_lines(records: Records) -> Iterator[str]:
    """The lines of `records` in COPY's text format, without their newlines."""
    return map("".join, zip(*_columns(records), strict=True))


def _columns(records: Records) -> tuple[Iterable[str], ...]:
    """What a line is made of, one after the other; tabs included."""
    return (
        records.record_ids,
        map(_head, records.names, records.symbols, records.event_types),
        texts(records.payloads),
        repeat("\t", len(records)),
        moments(records.times),
        map(_between, records.streams),
        records.entry_ids,
    )


@lru_cache(maxsize=64)
def _between(stream: str) -> str:
    """The column of the stream, between that of the time and that of the entry's id."""
    return f"\t{text(stream)}\t"


@lru_cache(maxsize=4096)
def _head(name: str, symbol: str | None, event_type: str) -> str:
    """The columns that neighbours have in common."""
    return f"\t{name}\t{_CLASS[name]}\t{NULL if symbol is None else text(symbol)}\t{text(event_type)}\t"


def _days_of(times: Sequence[datetime]) -> set[int]:
    """The WIB days of these times. Neighbours mostly share one: two comparisons each, then."""
    days: set[int] = set()
    since = until = _NEVER
    for ts in times:
        if not since <= ts < until:
            midnight = ts.astimezone(WIB).replace(hour=0, minute=0, second=0, microsecond=0)
            since = midnight.astimezone(UTC)
            until = since + timedelta(days=1)
            days.add(midnight.toordinal() - _EPOCH)
    return days


_EPOCH = datetime(1970, 1, 1).toordinal()
