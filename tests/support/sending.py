"""Senders for tests: quick to retry, in front of a local Bot API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from outbox.bot_api import BotApi
from outbox.leases import Leases
from outbox.outbox import Outbox
from outbox.policies import POLICIES
from outbox.rate_limiter import Limits, RateLimiter
from outbox.sender import Sender
from outbox.text import Entity, Text
from signaltape import Secret
from sink.db import AsyncConnection, Connection, connect_async
from tests.support.botapi import TOKEN, BotServer, bot_server
from tests.support.waiting import LONGEST_S

REPORT = Text("📊 Weekly Scorecard\n• 0.80+: n=1 _*[]()<b>&", [Entity("bold", 0, 19)])
SOON = timedelta(minutes=5)
CALL_TIMEOUT_S = 0.3
NO_LIMITS = Limits(chat_interval_s=0, group_per_minute=1000, all_per_second=1000)


def now() -> datetime:
    return datetime.now(UTC)


def state(connection: Connection, key: str = "k") -> str:
    found = Outbox(connection).state(key)
    assert found is not None
    return found[0]


@asynccontextmanager
async def line_to(connection: Connection) -> AsyncIterator[AsyncConnection]:
    """A sender's connection to the database of another one."""
    line = await connect_async(Secret(connection.info.dsn), name="test sender")
    try:
        yield line
    finally:
        await line.close()


class QuickSender:
    """A sender that retries at once and keeps no pace (that is tested by itself), on a line of its own."""

    def __init__(self, connection: Connection, api: BotApi, limits: Limits = NO_LIMITS) -> None:
        self._connection = connection
        self._api = api
        self._limits = limits

    async def drain(self, deadline_s: float) -> bool:
        """As Sender.drain."""
        async with self._ready() as sender:
            return await sender.drain(deadline_s)

    async def run(self, stop: asyncio.Event) -> None:
        """As Sender.run."""
        async with self._ready() as sender:
            await sender.run(stop)

    async def step(self) -> bool:
        """As Sender.step."""
        async with self._ready() as sender:
            return await sender.step()

    @asynccontextmanager
    async def _ready(self) -> AsyncIterator[Sender]:
        async with line_to(self._connection) as line:
            pace = RateLimiter(line, self._limits)
            yield Sender(Leases(line, POLICIES), self._api, pace, retry_first_s=0.01)


def with_server(
    work: Callable[[BotServer, QuickSender], Awaitable[Any]], connection: Connection, token: str = TOKEN
) -> BotServer:
    """Run `work` with a server and a sender that retries fast_path."""

    async def run() -> BotServer:
        async with bot_server() as server, BotApi(Secret(token), server.base, CALL_TIMEOUT_S) as api:
            async with asyncio.timeout(LONGEST_S):
                await work(server, QuickSender(connection, api))
            return server

    return asyncio.run(run())
