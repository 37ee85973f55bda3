"""Records of a market and of an engine, straight through the sink, for tests of what is shown of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.support.records import RECORD_SAMPLES

_numbers = itertools.count()


def write_records(connection: Connection, *records: tuple[str, datetime, dict[str, Any]]) -> list[str]:
    """Records by name, time and what they are besides the least; returns their ids in order."""
    entries = []
    for name, at, changes in records:
        fields = {**RECORD_SAMPLES[name], "timestamp": at.isoformat(), **changes}
        entry_id = f"{int(at.timestamp() * 1000)}-{next(_numbers)}"
        entries.append(
            Entry("test:{0}", entry_id, [b"event", name.encode(), b"data", msgspec.json.encode(fields)])
        )
    found = decode_entries(entries)
    assert not found.dead, found.dead
    BatchWriter(connection).write([], records=found.records)
    return list(found.records.record_ids)


def candles(
    symbol: str, begins: datetime, prices: Sequence[tuple[float, float, float, float]], interval_s: int = 60
) -> list[tuple[str, datetime, dict[str, Any]]]:
    """Candles one behind the other: open, high, low, close each."""
    step = timedelta(seconds=interval_s)
    named = ("open", "high", "low", "close")
    interval = {60: "1m", 300: "5m", 1: "1s"}[interval_s]
    return [
        (
            "market_candle",
            begins + (place + 1) * step,
            {"symbol": symbol, "interval": interval, **dict(zip(named, one, strict=True))},
        )
        for place, one in enumerate(prices)
    ]
