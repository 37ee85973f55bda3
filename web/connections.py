"""Redis for a process of many answers at once: for pages, and for counting requests."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from limits.aio.storage import RedisStorage, Storage

from signaltape.errors import RedisUnavailable
from signaltape.redis_client import redis_client_async
from signaltape.settings import Secret

#: A page waits for Redis no longer.
_TIMEOUT_S = 2.0
#: A Redis that failed only after so long is not asked again for a while: one page waits for it, not all.
_LONG_S, _LEAVE_ALONE_S = 1.5, 3.0


def redis_of(url: Secret) -> Any:
    """A redis.asyncio.Redis; no connection is made yet."""
    client = redis_client_async(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)
    patience = Patience()
    begin = client.pipeline

    def pipeline(*words: Any, **options: Any) -> Any:
        made = begin(*words, **options)
        made.execute = patience.over(made.execute)
        return made

    client.execute_command, client.pipeline = patience.over(client.execute_command), pipeline
    return client


class Patience:
    """Whether a server is worth asking: not if that was in vain a moment ago."""

    def __init__(self) -> None:
        self._again_at = 0.0

    def over(self, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same question, which raises redis.RedisError at once where any of them took long to do so just before."""

        async def asked(*words: Any, **options: Any) -> Any:
            with self.asking():
                return await ask(*words, **options)

        return asked

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A question, or several."""
        began = time.monotonic()
        if began < self._again_at:
            raise redis.TimeoutError("Redis did not answer a moment ago")
        try:
            yield
        except (redis.RedisError, RedisUnavailable):
            if time.monotonic() - began >= _LONG_S:
                self._again_at = time.monotonic() + _LEAVE_ALONE_S
            raise


def shared_counts(client: Any, stream: str) -> Storage:
    """Where requests are counted for all web processes. client: a redis.asyncio.Redis, whose connections are used."""
    return RedisStorage(
        "async+redis://",
        implementation="redispy",
        key_prefix=f"{stream}:limits",
        connection_pool=client.connection_pool,
    )
