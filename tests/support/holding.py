"""A sender's side of the outbox, for tests that take its steps one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from outbox.leases import Leases
from outbox.outbox import Outbox
from outbox.policies import POLICIES
from outbox.rate_limiter import RateLimiter
from sink.db import AsyncConnection, Connection
from tests.support.sending import line_to


class Held(Outbox):
    """An outbox with the methods of Leases as well, without `await`."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: _done(
            self._connection, lambda line: getattr(Leases(line, POLICIES), name)(*arguments)
        )


class Pace:
    """The methods of RateLimiter, without `await`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: _done(
            self._connection, lambda line: getattr(RateLimiter(line), name)(*arguments)
        )


def _done(connection: Connection, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
    """What comes of some work on a line of its own, also where a loop runs already."""

    async def run() -> Any:
        async with line_to(connection) as line:
            return await work(line)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run())).result()
