"""A sender as a process of its own, with limits that fit a test: `python -m tests.chaos.sender URL BASE`."""

from __future__ import annotations

import asyncio
import sys

from outbox.bot_api import BotApi
from outbox.leases import Leases
from outbox.policies import POLICIES
from outbox.rate_limiter import Limits, RateLimiter
from outbox.sender import Sender
from signaltape import Secret
from sink.db import connect_async
from tests.support.botapi import TOKEN

LIMITS = Limits(chat_interval_s=0.05, group_per_minute=20, all_per_second=300, minute_s=3.0)
CALL_TIMEOUT_S = 0.3
LEASE_S = 1.5


async def main(url: str, base: str) -> None:
    connection = await connect_async(Secret(url))
    async with BotApi(Secret(TOKEN), base, CALL_TIMEOUT_S) as api:
        leases = Leases(connection, POLICIES, LEASE_S)
        await Sender(leases, api, RateLimiter(connection, LIMITS), retry_first_s=0.02).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
