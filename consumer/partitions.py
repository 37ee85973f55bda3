"""Partitions that an engine writes to although this program is set to fewer: they are found by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from signaltape.stream import MOST_PARTITIONS, stream_key


def keys_beyond(stream: str, partitions: int) -> list[str]:
    """The keys of all partitions that there can be beyond the first `partitions`, whether they exist or not."""
    return [stream_key(stream, number) for number in range(partitions, MOST_PARTITIONS)]


def existing(client: Any, keys: Sequence[str]) -> list[str]:
    """Those of `keys` that are streams now. `client` is a redis.Redis. Raises redis.RedisError if it is away."""
    if not keys:
        return []
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.type(key)
        # A user who may not ask is answered by an error in each place: then none is known.
        kinds = pipe.execute(raise_on_error=False)
    return [key for key, kind in zip(keys, kinds, strict=True) if kind in (b"stream", "stream")]


def streams_beyond(client: Any, stream: str, partitions: int) -> list[str]:
    """The keys of partitions that exist beyond the first `partitions`. Raises redis.RedisError if it is away."""
    return existing(client, keys_beyond(stream, partitions))
