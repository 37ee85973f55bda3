"""Every connection to Redis is made here, so that each reads REDIS_URL alike."""

from __future__ import annotations

from typing import Any

import redis

from signaltape.settings import Secret
from signaltape.urls import without_ours


def redis_client(url: Secret, **options: Any) -> redis.Redis:
    """A client that speaks bytes, whatever the URL says. No connection is made yet.

    options: as of redis.Redis, for example timeouts.
    """
    return redis.Redis.from_url(without_ours(url.reveal()), protocol=2, **options)
