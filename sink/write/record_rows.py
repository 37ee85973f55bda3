"""Records as lines of COPY's text format. Pure; at market-data rates this is the hot path of the sink."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import NamedTuple

from consumer.decoding.columns import Records
from signaltape.contract.records import RECORDS
from sink.write.rows import NULL, moments, text, texts

RECORD_COLUMNS = (
    *("record_id", "event", "class", "symbol", "event_type", "payload"),
    *("ts", "stream", "entry_id"),
)
_CLASS = {name: kind.GROUP.value for name, kind in RECORDS.items()}


class RecordBlock(NamedTuple):
    """Records, the data of their COPY, and the WIB days (since 1970) in which their ids were made, if those say so."""

    records: Records
    data: bytes
    days: set[int]


def make_record_block(records: Records) -> RecordBlock:
    """Records made ready for COPY."""
    columns = (*_columns(records), repeat("\n", len(records)))
    data = "".join(chain.from_iterable(zip(*columns, strict=True))).encode()
    return RecordBlock(records, data, _days_of(records.record_ids))


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


def _days_of(record_ids: Sequence[str]) -> set[int]:
    """The WIB days of ids that begin with their time (UUIDv7). Neighbours mostly share one: two comparisons, then."""
    days: set[int] = set()
    since = until = ""
    for one in record_ids:
        if not since <= one < until and one[_VERSION_AT] == "7" and one < _UNDATED:
            day = (int(one[:8] + one[9:13], 16) + _WIB_AHEAD_MS) // _DAY_MS
            since, until = _first_id(day), _first_id(day + 1)
            days.add(day)
    return days


def _first_id(day: int) -> str:
    """The least UUIDv7 of a WIB day, as a text; as the partitions are cut."""
    ms = f"{max(0, day * _DAY_MS - _WIB_AHEAD_MS):012x}"
    return f"{ms[:8]}-{ms[8:]}-0000-0000-000000000000"


#: From here on (the year 2213) no day has a partition.
_UNDATED = "07"
_DAY_MS = 86_400_000
_WIB_AHEAD_MS = 7 * 3_600_000
#: Where a UUID in its usual form says its version.
_VERSION_AT = 14
