"""`python -m tests.bench.ghost_tape`: put bars and orders on a tape as fast as it goes, or one bar a moment.

Bars are those of a market that walks within bounds, a second each: what touches few of the orders that lie around it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import uuid_utils

SYMBOLS = tuple(f"{coin}-USDT-SWAP" for coin in ("BTC", "ETH", "SOL", "AVAX", "XRP"))
START = datetime(2026, 1, 17, 2, 0, tzinfo=UTC)
_PIPELINE = 2_000


class GhostTape:
    """Writes a tape. orders: how many are placed, far from the market, so that they stay open or waiting."""

    def __init__(self, client: Any, key: str, seed: int = 17) -> None:
        self._client, self._key = client, key
        self._chance = random.Random(seed)
        self._ticks = dict.fromkeys(SYMBOLS, 0)
        self.seconds = 0

    def place(self, orders: int) -> None:
        """Half are filled at once and stay open, half wait; stops and targets lie beyond where the market goes."""
        for number in range(orders):
            fields = {
                "id": str(uuid_utils.uuid7()),
                "timestamp": START,
                "command": "place",
                "by": "bench",
                "via": "telegram",
                "orderId": f"o-{number}",
                "symbol": SYMBOLS[number % len(SYMBOLS)],
                "side": "long",
                "entry": 120 if number % 2 else round(50 + number / 100, 2),
                "sl": 20,
                "tp1": round(300 + number / 100, 2),
                "expiresAt": START + timedelta(days=365),
            }
            self._client.xadd(self._key, {"event": "order_command", "data": msgspec.json.encode(fields)})

    def fill(self, bars: int) -> None:
        """So many bars, in turn of each symbol."""
        added = 0
        while added < bars:
            with self._client.pipeline(transaction=False) as pipe:
                for data in self.next_seconds(min(_PIPELINE, bars - added)):
                    pipe.xadd(self._key, {"event": "market_candle", "data": data})
                    added += 1
                pipe.execute()

    def next_seconds(self, bars: int) -> Iterator[bytes]:
        """The next bars' data."""
        for number in range(bars):
            place = number % len(SYMBOLS)
            if place == 0:
                self.seconds += 1
            yield self._bar(SYMBOLS[place])

    def _bar(self, symbol: str) -> bytes:
        before = self._ticks[symbol]
        after = self._ticks[symbol] = max(-900, min(900, before + self._chance.randint(-5, 5)))
        low, high = min(before, after) - 1, max(before, after) + 1
        fields = {
            "id": str(uuid_utils.uuid7()),
            "timestamp": START + timedelta(seconds=self.seconds),
            "symbol": symbol,
            "interval": "1s",
            "open": _price(before),
            "high": _price(high),
            "low": _price(low),
            "close": _price(after),
            "volume": 12.5,
            "provider": "okx",
            "bid": _price(after - 1),
            "ask": _price(after),
            "dataQuality": "ok",
        }
        return msgspec.json.encode(fields)


def _price(ticks: int) -> float:
    return round(100 + ticks / 100, 2)
