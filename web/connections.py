"""Redis for a process of many answers at once: for pages, and for counting requests."""

from __future__ import annotations

from typing import Any

from limits.aio.storage import RedisStorage, Storage

from signaltape.redis_client import redis_client_async
from signaltape.settings import Secret

#: A page waits for Redis no longer.
_TIMEOUT_S = 2.0


def redis_of(url: Secret) -> Any:
    """A redis.asyncio.Redis; no connection is made yet."""
    return redis_client_async(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)


def shared_counts(client: Any, stream: str) -> Storage:
    """Where requests are counted for all web processes. client: a redis.asyncio.Redis, whose connections are used."""
    return RedisStorage(
        "async+redis://",
        implementation="redispy",
        key_prefix=f"{stream}:limits",
        connection_pool=client.connection_pool,
    )
