"""Doing something on a server that another fault may just have taken away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
import redis

T = TypeVar("T")


def insist(work: Callable[[], T], within_s: float = 30.0) -> T:
    """Do it, again if the server is away. Raises what it raises at last."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return work()
        except (redis.RedisError, psycopg.Error, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # between two tries
