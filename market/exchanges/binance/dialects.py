"""How Binance's two websockets are talked to: the book on /public, all else on /market."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import msgspec

from market.exchanges.binance.frames import Frames, Swaps
from market.exchanges.dialect import Reader

PUBLIC, MARKET = "/public/ws", "/market/ws"
_STREAMS = {PUBLIC: ("bookTicker",), MARKET: ("aggTrade", "kline_1m", "markPrice")}


class BinanceDialect:
    """Of one of the two. A topic is Binance's own: `btcusdt@aggTrade`."""

    ping: str | None = None
    most_topics = 100
    most_requests = 1_000_000

    def __init__(self, path: str, swaps: Swaps) -> None:
        self.path = path
        self._swaps = swaps
        self._ids = count(1)

    def topics(self, instrument: str) -> tuple[str, ...]:
        """See `dialect.Dialect`."""
        return tuple(f"{instrument.lower()}@{stream}" for stream in _STREAMS[self.path])

    def subscribe(self, topics: Sequence[str]) -> str:
        """See `dialect.Dialect`."""
        return self._request("SUBSCRIBE", topics)

    def unsubscribe(self, topics: Sequence[str]) -> str:
        """See `dialect.Dialect`."""
        return self._request("UNSUBSCRIBE", topics)

    def _request(self, method: str, topics: Sequence[str]) -> str:
        request = {"method": method, "params": topics, "id": next(self._ids)}
        return msgspec.json.encode(request).decode()

    def reader(self) -> Reader:
        """See `dialect.Dialect`."""
        return Frames(self._swaps)
