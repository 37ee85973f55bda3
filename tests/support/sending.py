"""Senders for tests: quick to retry, in front of a local Bot API server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from outbox.bot_api import BotApi
from outbox.outbox import Outbox
from outbox.rate_limiter import Limits, RateLimiter
from outbox.sender import Sender
from outbox.text import Entity, Text
from signaltape import Secret
from sink.db import Connection
from tests.support.botapi import TOKEN, BotServer, bot_server

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


def quick_sender(connection: Connection, api: BotApi) -> Sender:
    """A sender that retries at once and keeps no pace (that is tested by itself)."""
    return Sender(Outbox(connection), api, RateLimiter(connection, NO_LIMITS), retry_first_s=0.01)


def with_server(
    work: Callable[[BotServer, Sender], Awaitable[Any]], connection: Connection, token: str = TOKEN
) -> BotServer:
    """Run `work` with a server and a sender that retries fast_path."""

    async def run() -> BotServer:
        async with bot_server() as server, BotApi(Secret(token), server.base, CALL_TIMEOUT_S) as api:
            await work(server, quick_sender(connection, api))
            return server

    return asyncio.run(run())
