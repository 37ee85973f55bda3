"""Every connection to Redis is made here, so that each reads REDIS_URL alike, and none waits without end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from signaltape.errors import SettingsError
from signaltape.settings import Secret, Settings
from signaltape.urls import without_ours

#: No answer within this time means that the server is away.
ANSWER_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5.0


def redis_url(settings: Settings) -> Secret:
    """REDIS_URL, or SettingsError if it is not set."""
    if settings.redis_url is None:
        raise SettingsError("REDIS_URL is not set: export REDIS_URL=redis://host:6379/0")
    return settings.redis_url


def redis_client(url: Secret, **options: Any) -> redis.Redis:
    """A client that speaks bytes, waits so long and no longer, and tries nothing twice, whatever the URL says.

    No connection is made yet. options: as of redis.Redis, for example other timeouts.
    """
    return redis.Redis.from_url(without_ours(url.reveal()), **_how(Retry(NoBackoff(), 0), options))


def redis_client_async(url: Secret, **options: Any) -> Any:
    """The same for an event loop: a redis.asyncio.Redis."""
    import redis.asyncio as for_loops  # no engine asks for it
    from redis.asyncio.retry import Retry as RetryInLoop

    return for_loops.Redis.from_url(without_ours(url.reveal()), **_how(RetryInLoop(NoBackoff(), 0), options))


def _how(retry: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options of every client; those that are given win."""
    bounded = {"socket_timeout": ANSWER_TIMEOUT_S, "socket_connect_timeout": CONNECT_TIMEOUT_S}
    return {"protocol": 2, "retry": retry, **bounded, **options}


@contextmanager
def open_redis(settings: Settings) -> Iterator[redis.Redis]:
    """A client of the server of REDIS_URL, closed at the end. Raises SettingsError if it is not set."""
    client = redis_client(redis_url(settings))
    try:
        yield client
    finally:
        client.close()
