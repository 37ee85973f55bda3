"""The end of the stream, read without a consumer group: nothing is owed to it, and nothing waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from signaltape.stream import FIELD_DATA, FIELD_EVENT, entry_time_ms

#: Entries of one partition at a time, and how long to wait for one.
_COUNT, _BLOCK_MS = 1_000, 1_000


class Entry(NamedTuple):
    """What matters of an entry here; its time in microseconds."""

    event: bytes
    data: bytes
    us: int


class Tail:
    """Of all partitions of a stream. client: a redis.asyncio.Redis; since_us: entries from then on."""

    def __init__(self, client: Any, keys: Sequence[str], since_us: int) -> None:
        self._client = client
        self._positions: dict[str, str] = dict.fromkeys(keys, f"{max(since_us // 1000, 0)}-0")

    def skip_to(self, us: int) -> None:
        """Leave out what is older."""
        self._positions = dict.fromkeys(self._positions, f"{max(us // 1000, 0)}-0")

    @property
    def heard_us(self) -> int:
        """All that is older was read, of every partition."""
        return min(entry_time_ms(position) for position in self._positions.values()) * 1000

    async def read(self, *, wait: bool = True) -> list[Entry]:
        """The next entries; none if there are none within a second, or at once. Raises RedisError."""
        found: Any = await self._client.xread(
            self._positions, count=_COUNT, block=_BLOCK_MS if wait else None
        )
        return [entry for key, entries in found or () for entry in self._taken(key.decode(), entries)]

    def _taken(self, key: str, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
        self._positions[key] = entries[-1][0].decode()
        return [
            Entry(
                fields.get(FIELD_EVENT, b""),
                fields.get(FIELD_DATA, b""),
                entry_time_ms(entry_id.decode()) * 1000,
            )
            for entry_id, fields in entries
        ]
