"""A sender as a process of its own, with limits that fit a test: `python -m tests.chaos.sender URL BASE`."""

from __future__ import annotations

import asyncio
import sys

from outbox.bot_api import BotApi
from outbox.outbox import Outbox
from outbox.rate_limiter import Limits, RateLimiter
from outbox.sender import Sender
from signaltape import Secret
from sink.db import connect
from tests.support.botapi import TOKEN

LIMITS = Limits(chat_interval_s=0.05, group_per_minute=20, all_per_second=300, minute_s=3.0)
CALL_TIMEOUT_S = 0.3
LEASE_S = 1.5


async def main(url: str, base: str) -> None:
    with connect(Secret(url)) as connection:
        async with BotApi(Secret(TOKEN), base, CALL_TIMEOUT_S) as api:
            outbox = Outbox(connection, LEASE_S)
            await Sender(outbox, api, RateLimiter(connection, LIMITS), retry_first_s=0.02).run(
                asyncio.Event()
            )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
