"""What of the tape concerns the guard: measurements, each as a slot of ten seconds. Pure.

Never raises for what an entry holds. What the worker would refuse is nothing here either.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from consumer.accepted import AcceptedRecord
from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from guard.model.slots import SLOT, Slot, begun
from signaltape.contract.measure_records import Measurement
from signaltape.measuring.histogram import Histogram
from signaltape.stream import entry_time_ms

_NAME = Measurement.EVENT.encode()
#: What lies further ahead of its entry was measured by a clock that is wrong: nobody would see it for so long.
_AHEAD = timedelta(minutes=5)
#: Postgres takes 2,704 bytes into an index: a name and an engine of the longest that the contract allows, each of signs
#: of four bytes, would be refused for good. What is longer is cut, and ends in a digest, so that two stay two.
_MOST_BYTES, _DIGEST = 1024, 16


class Measured(NamedTuple):
    """One record: its id, by which it counts once, what it measured, and when its entry was made, by Redis' clock."""

    id: str
    slot: Slot
    arrived: datetime

    @property
    def is_far_ahead(self) -> bool:
        """Whether it counts for nothing: the clock that it was measured by is wrong."""
        return self.slot.last_at - self.arrived > _AHEAD


class _Fields(msgspec.Struct):
    """The contract has looked at it."""

    kind: str
    name: str
    figure: str
    count: int
    sum: float
    max: float
    last: float
    histogram: str | None = None
    statuses: dict[str, int] | None = None
    examples: list[str] | None = None
    engine: str | None = None


_fields = msgspec.json.Decoder(_Fields).decode


def read(entries: Sequence[Entry]) -> list[Measured]:
    """The measurements among entries, in the order of the tape; those too that are far ahead."""
    some = [entry for entry in entries if entry.fields is not None and _NAME in entry.fields[1::2]]
    if not some:
        return []
    records = decode_entries(some).records.rows()
    return [one for one in map(_measured, records) if one is not None]


def _measured(record: AcceptedRecord) -> Measured | None:
    if record.name != Measurement.EVENT:
        return None
    fields = _fields(record.payload)
    try:
        counts = Histogram.from_text(fields.histogram).buckets() if fields.histogram else {}
    except ValueError:  # the contract looks at its form alone
        counts = {}
    statuses = fields.statuses or {}
    slot = Slot(
        at=begun(record.ts, SLOT),
        kind=fields.kind,
        figure=fields.figure,
        name=_bounded(fields.name),
        engine=_bounded(fields.engine or ""),
        n=fields.count,
        sum=fields.sum,
        worst=fields.max,
        last=fields.last,
        last_at=record.ts,
        **{f"n{status}": n for status, n in statuses.items()},
        bucket=array("h", counts),
        bucket_n=array("q", counts.values()),
        examples=tuple(fields.examples or ()),
    )
    return Measured(record.record_id, slot, _time_of(record.entry_id, record.ts))


def _bounded(text: str) -> str:
    raw = text.encode()
    if len(raw) <= _MOST_BYTES:
        return text
    return raw[: _MOST_BYTES - _DIGEST].decode(errors="ignore") + hashlib.sha256(raw).hexdigest()[:_DIGEST]


def _time_of(entry_id: str, like: datetime) -> datetime:
    return datetime.fromtimestamp(entry_time_ms(entry_id) / 1000, like.tzinfo)


def once(measured: Iterable[Measured]) -> list[Measured]:
    """Each id once, the first of it."""
    first: dict[str, Measured] = {}
    for one in measured:
        first.setdefault(one.id, one)
    return list(first.values())
