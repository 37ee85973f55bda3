"""What every way of sending is made of: a turn, a call, its answer, and where the message stands after it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from outbox.bot_api import BotApi
from outbox.judging import CallOutcome, Reply
from outbox.leases import Leased, Leases
from outbox.line import Line
from outbox.rate_limiter import RateLimiter

log = logging.getLogger("reports")

#: Waits between tries double from the first to the last.
RETRY_FIRST_S = 1.0
RETRY_CAP_S = 300.0
#: A turn further away than this is not waited for: other chats may be due.
LONGEST_WAIT_S = 2.0
#: A call that is under way when the sender is to stop may take so long; then it counts as one without an answer.
STOP_GRACE_S = 10.0


class NotNow(Exception):
    """This message cannot go on now; where it stands is written down."""


class Sending:
    """The steps that a message is sent by.

    api: calls; leases: where messages stand, pace: whose turn it is, both asked by `line` alone; retry_first_s: the
    first wait between two tries.
    """

    def __init__(
        self, leases: Leases, api: BotApi, pace: RateLimiter, line: Line, retry_first_s: float
    ) -> None:
        self.leases = leases
        self.api = api
        self.line = line
        #: set when the sender is to end
        self.stop = asyncio.Event()
        self._pace = pace
        self._retry_first_s = retry_first_s

    async def give_up(self, message: Leased, error: str) -> NotNow:
        """It is uncertain what stands in the chat: a person should look."""
        await self.line.do(self.leases.finish, message, "uncertain", error)
        log.error("%s: %s", message.message_key, error)
        return NotNow()

    async def put_back(self, message: Leased, reply: Reply) -> NotNow:
        """Write down where a message stands that cannot go on now."""
        if reply.moved_to is not None:
            moved_to = await self.line.do(self.leases.move, message.chat_id, reply.moved_to, message)
            log.error(
                "the group is a supergroup now: set TELEGRAM_CHAT_ID=%s (what waits is sent there)", moved_to
            )
        elif reply.verdict is CallOutcome.REFUSED:
            await self.line.do(self.leases.finish, message, "failed", reply.error)
            log.error("%s was refused: %s", message.message_key, reply.error)
        else:
            if reply.retry_after_s:
                await self.line.do(self._pace.hold, message.chat_id, reply.retry_after_s)
            await self.retry(message, reply.retry_after_s, reply.error)
        return NotNow()

    async def retry(self, message: Leased, least_s: float, error: str) -> None:
        """Try the message again after a while, `least_s` seconds at least; error: what is in its way."""
        backoff_s = min(RETRY_CAP_S, self._retry_first_s * 2.0 ** min(message.failures, 20))
        wait_s = max(least_s, backoff_s)
        await self.line.do(self.leases.retry, message, wait_s, error)
        log.warning("%s: trying again in %.0f s: %s", message.message_key, wait_s, error)

    async def turn(self, message: Leased) -> None:
        """Wait for this chat's turn, and see that the message is still ours and of use."""
        taken, wait_s = await self.line.do(self._pace.reserve, message.chat_id, LONGEST_WAIT_S)
        if not taken:
            await self.line.do(self.leases.postpone, message, wait_s)
            raise NotNow
        await self.pause(wait_s)
        if self.stop.is_set():
            await self.line.do(self.leases.postpone, message, 0.0)
            raise NotNow
        if not await self.line.do(self.leases.renew_lease, message):
            raise NotNow

    async def answer(self, call: Coroutine[Any, Any, Reply]) -> Reply:
        """The reply to a call; one that is still awaited when the sender has to end is without an answer."""
        calling, stopping = asyncio.ensure_future(call), asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({calling, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({calling}, timeout=STOP_GRACE_S)
            if calling.done():
                return calling.result()
            return Reply(CallOutcome.UNCERTAIN, error="the sender had to end before there was an answer")
        finally:
            calling.cancel()
            stopping.cancel()
            await asyncio.gather(calling, stopping, return_exceptions=True)

    async def pause(self, wait_s: float) -> None:
        """Wait, but not beyond the end."""
        if wait_s > 0:
            try:
                await asyncio.wait_for(self.stop.wait(), wait_s)
            except TimeoutError:
                return

    async def unless_stopped(self, wait: Coroutine[Any, Any, None]) -> None:
        """Wait, but not beyond the end. Raises what the waiting raises."""
        waiting, stopping = asyncio.ensure_future(wait), asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
        finally:
            waiting.cancel()
            stopping.cancel()
            await asyncio.gather(waiting, stopping, return_exceptions=True)
