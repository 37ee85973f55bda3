"""The four files of real candles, as bars."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ghost.model.bar import Bar

_HERE = Path(__file__).parent
_MINUTE_US = 60_000_000


class CandleFile(NamedTuple):
    """A file, and what its candles are of."""

    path: Path
    symbol: str
    minutes: int


FILES = {
    "btc": CandleFile(_HERE.parents[1] / "deploy/demo/data/btc-perp-1m-2022-01.csv.gz", "BTC-PERP", 1),
    "eth": CandleFile(_HERE / "candles/eth-btc-5m-2018-01.csv.gz", "ETH-BTC", 5),
    "sol": CandleFile(_HERE / "candles/sol-usdt-swap-5m-2022-q4.csv.gz", "SOL-USDT-SWAP", 5),
    "xrp": CandleFile(_HERE / "candles/xrp-usdt-perp-5m-2021-11.csv.gz", "XRP-USDT", 5),
}


@cache
def bars_of(name: str) -> list[Bar]:
    """All bars of a file, in order."""
    file = FILES[name]
    with gzip.open(file.path, "rt", newline="") as rows:
        return [_bar(file, row) for row in csv.DictReader(rows)]


def _bar(file: CandleFile, row: dict[str, str]) -> Bar:
    begins = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
    begin_us = int(begins.timestamp()) * 1_000_000
    o, high, low, close, volume = (Decimal(row[name]) for name in ("open", "high", "low", "close", "volume"))
    return Bar(file.symbol, begin_us, begin_us + file.minutes * _MINUTE_US, o, high, low, close, volume)
