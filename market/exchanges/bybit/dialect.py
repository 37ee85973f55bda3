"""How Bybit's websocket of linear contracts is talked to."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from market.exchanges.bybit.frames import Frames, Swaps
from market.exchanges.dialect import Reader


class BybitDialect:
    """A topic is Bybit's own: `publicTrade.BTCUSDT`."""

    path = "/v5/public/linear"
    ping: str | None = '{"op":"ping"}'
    #: All topics of a request may have 21,000 characters together; one has some 30.
    most_topics = 200
    most_requests = 1_000_000

    def __init__(self, swaps: Swaps) -> None:
        self._swaps = swaps

    def topics(self, instrument: str) -> tuple[str, ...]:
        """See `dialect.Dialect`."""
        channels = ("publicTrade", "orderbook.1", "tickers", "kline.1")
        return tuple(f"{channel}.{instrument}" for channel in channels)

    def subscribe(self, topics: Sequence[str]) -> str:
        """See `dialect.Dialect`."""
        return msgspec.json.encode({"op": "subscribe", "args": topics}).decode()

    def unsubscribe(self, topics: Sequence[str]) -> str:
        """See `dialect.Dialect`."""
        return msgspec.json.encode({"op": "unsubscribe", "args": topics}).decode()

    def reader(self) -> Reader:
        """See `dialect.Dialect`."""
        return Frames(self._swaps)
