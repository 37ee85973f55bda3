"""Candles: reading them from the file, and resampling minutes to longer bars."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

BTC_JANUARY = Path(__file__).parent / "data" / "btc-perp-1m-2022-01.csv.gz"


class Candle(NamedTuple):
    """One candle; `end` is the moment at which it was complete, aware, UTC."""

    end: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


def read_minutes(path: Path) -> list[Candle]:
    """One-minute candles in order of time."""
    minute = timedelta(minutes=1)
    with gzip.open(path, "rt", newline="") as file:
        return [
            Candle(
                datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC) + minute,
                *(float(row[name]) for name in ("open", "high", "low", "close", "volume")),
            )
            for row in csv.DictReader(file)
        ]


def resample(minutes: list[Candle], length: int) -> list[Candle]:
    """Whole bars of `length` minutes, aligned to the clock. A bar with a missing last minute is left out."""
    bars: list[Candle] = []
    gathered: list[Candle] = []
    for candle in minutes:
        gathered.append(candle)
        if (candle.end.hour * 60 + candle.end.minute) % length == 0:
            bars.append(_merge(gathered))
            gathered = []
    return bars


def _merge(candles: list[Candle]) -> Candle:
    return Candle(
        candles[-1].end,
        candles[0].open,
        max(candle.high for candle in candles),
        min(candle.low for candle in candles),
        candles[-1].close,
        sum(candle.volume for candle in candles),
    )
