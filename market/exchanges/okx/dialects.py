"""How OKX's two websockets are talked to: everything but candles on /public, candles on /business."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from market.exchanges.dialect import Reader
from market.exchanges.okx.frames import Frames, Swaps

PUBLIC, BUSINESS = "/ws/v5/public", "/ws/v5/business"
_CHANNELS = {
    PUBLIC: ("trades", "books5", "funding-rate", "open-interest"),
    BUSINESS: ("candle1m",),
}


class OkxDialect:
    """Of one of the two. A topic is `channel:instId`."""

    ping: str | None = "ping"
    #: All topics of a request may have 64 KB together; one has some 70 bytes.
    most_topics = 500
    #: 480 an hour are allowed on one connection.
    most_requests = 400

    def __init__(self, path: str, swaps: Swaps) -> None:
        self.path = path
        self._swaps = swaps

    def topics(self, instrument: str) -> tuple[str, ...]:
        """See `dialect.Dialect`."""
        return tuple(f"{channel}:{instrument}" for channel in _CHANNELS[self.path])

    def subscribe(self, topics: Sequence[str]) -> str:
        """See `dialect.Dialect`."""
        return _request("subscribe", topics)

    def unsubscribe(self, topics: Sequence[str]) -> str:
        """See `dialect.Dialect`."""
        return _request("unsubscribe", topics)

    def reader(self) -> Reader:
        """See `dialect.Dialect`."""
        return Frames(self._swaps)


def _request(op: str, topics: Sequence[str]) -> str:
    pairs = (topic.partition(":") for topic in topics)
    args = [{"channel": channel, "instId": instrument} for channel, _, instrument in pairs]
    return msgspec.json.encode({"op": op, "args": args}).decode()
