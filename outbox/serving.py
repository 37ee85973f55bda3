"""A sender as a part of a longer process: it sends while Postgres is there, and tries again whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from outbox.bot_api import BotApi
from outbox.leases import Leases, Unwritten
from outbox.policies import POLICIES
from outbox.rate_limiter import RateLimiter
from outbox.sender import Sender
from outbox.sending import STOP_GRACE_S
from signaltape.plain_errors import one_line
from signaltape.settings import Secret, Settings
from signaltape.shipping.backoff import Backoff
from sink.db import DatabaseError, connect_async, database_url

log = logging.getLogger("reports")

#: The longest wait between two tries.
BACKOFF_CAP_S = 60.0
#: After SIGTERM, what is under way may take so long: the longest wait of a sender for an answer, and some more.
STOP_WITHIN_S = STOP_GRACE_S + 5.0


async def send_while_connected(
    settings: Settings, token: Secret, base: str, stop: asyncio.Event, unwritten: Unwritten
) -> None:
    """Send what comes due until `stop` is set. Raises DatabaseError once Postgres is away.

    unwritten: what is known of messages and could not be written down, for the next call.
    """
    connection = await connect_async(database_url(settings), name="signaltape-sender")
    try:
        async with BotApi(token, base) as api:
            leases = Leases(connection, POLICIES, unwritten=unwritten)
            await Sender(leases, api, RateLimiter(connection)).run(stop)
    finally:
        await connection.close()  # at once: what hangs is cut off


async def persistently(
    work: Callable[[], Awaitable[object]],
    stop: asyncio.Event,
    failed: str,
    plain: tuple[type[Exception], ...] = (),
) -> None:
    """Do some work to its end, again and again until it succeeds or `stop` is set. No error ends the process.

    plain: errors that say all in their line; of others the log shows where they come from.
    """
    backoff = Backoff(cap_s=BACKOFF_CAP_S)
    while not stop.is_set():
        began_s = time.monotonic()
        try:
            await work()
            return
        except DatabaseError as error:
            why = f"Postgres is away: {one_line(error)}"
        except plain as error:
            why = f"{failed}: {error}"
        except Exception as error:
            log.exception("%s", failed)
            why = f"{failed}: {one_line(error)}"
        if time.monotonic() - began_s > BACKOFF_CAP_S:
            backoff.reset()  # it went well for long
        await _pause(stop, backoff.next_s(), why)


async def wait(stop: asyncio.Event, wait_s: float) -> None:
    """Wait so long, or until `stop` is set."""
    try:
        await asyncio.wait_for(stop.wait(), wait_s)
    except TimeoutError:
        return


async def _pause(stop: asyncio.Event, wait_s: float, why: str) -> None:
    log.warning("trying again in %.1f s: %s", wait_s, why)
    await wait(stop, wait_s)
