"""A process of the desk with limits that fit a test: `python -m tests.chaos.desk.child desk`, or `… sender`.

All else is the product's own: only pace, time-outs, leases and waits are shorter.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from unittest.mock import patch

import outbox.edit_leases
import outbox.sending
import outbox.serving
from desk.__main__ import main
from desk.settings import DeskSettings
from outbox.bot_api import BotApi
from outbox.leases import Leases
from outbox.rate_limiter import RateLimiter
from outbox.sender import Sender
from tests.chaos.sender import LIMITS

CALL_TIMEOUT_S = 0.5
LEASE_S = 2.0
#: What a call without an answer may still do, it has done by then.
LATE_S = 2.0
RETRY_FIRST_S, URGENT_CAP_S = 0.02, 6.0


async def send() -> None:
    """What a reporter does besides its reports."""
    desk, stop = DeskSettings.from_env(), asyncio.Event()
    token = desk.common.telegram_bot_token
    assert token is not None
    sender = partial(
        outbox.serving.send_while_connected, desk.common, token, desk.common.telegram_api_base, stop, []
    )
    await outbox.serving.persistently(sender, stop, "nothing can be sent")


def scale() -> None:
    """Make what takes minutes take seconds."""
    for name, made in (
        ("BotApi", partial(BotApi, timeout_s=CALL_TIMEOUT_S)),
        ("Leases", partial(Leases, lease_s=LEASE_S)),
        ("RateLimiter", partial(RateLimiter, limits=LIMITS)),
        ("Sender", partial(Sender, retry_first_s=RETRY_FIRST_S)),
    ):
        patch.object(outbox.serving, name, made).start()
    patch.object(outbox.sending, "URGENT_CAP_S", URGENT_CAP_S).start()
    patch.object(outbox.edit_leases, "LATE_S", LATE_S).start()


if __name__ == "__main__":
    scale()
    if sys.argv.pop(1) == "sender":
        asyncio.run(send())
    else:
        main()
