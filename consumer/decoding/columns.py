"""Records of the flight recorder as columns: at market-data rates, one object for each would cost more than its row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import astuple

from consumer.accepted import AcceptedRecord


class Records(Struct):
    """Accepted records: the n-th value of each list belongs to the n-th of them. As the fields of AcceptedRecord."""

    names: list[str] = []
    record_ids: list[str] = []
    symbols: list[str | None] = []
    event_types: list[str] = []
    times: list[datetime] = []
    payloads: list[bytes] = []
    streams: list[str] = []
    entry_ids: list[str] = []

    def __len__(self) -> int:
        return len(self.record_ids)

    def rows(self) -> Iterator[AcceptedRecord]:
        """One by one."""
        return map(AcceptedRecord, *astuple(self))

    def append(self, record: AcceptedRecord) -> None:
        """Add one behind the others."""
        for column, value in zip(astuple(self), astuple(record), strict=True):
            column.append(value)

    def extend(self, others: Records) -> None:
        """Add others behind these."""
        for column, more in zip(astuple(self), astuple(others), strict=True):
            column.extend(more)

    def part(self, start: int, stop: int) -> Records:
        """Those from `start` to before `stop`."""
        return Records(*(column[start:stop] for column in astuple(self)))
