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
from outbox.outbox import REPORT
from outbox.rate_limiter import FURTHEST_TURN_S, RateLimiter

log = logging.getLogger("reports")

#: Waits between tries double from the first to the last.
RETRY_FIRST_S = 1.0
RETRY_CAP_S = 300.0
#: … of what somebody waits for: after an outage it is sent soon, while it is still of use.
URGENT_CAP_S = 30.0
#: A turn further away than this is not waited for: other chats may be due.
LONGEST_WAIT_S = FURTHEST_TURN_S
#: … and where somebody waits for messages, not even this one: its turn comes again.
URGENT_WAIT_S = 0.05
#: A call that could not begin for so long after it was noted is not made: by then its message may be past its time, or
#: another's, and an edit would count as one that is over.
BEGINS_WITHIN_S = 5.0
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
            await self.note_move(message.chat_id, reply.moved_to, message)
        elif reply.verdict is CallOutcome.REFUSED:
            await self.line.do(self.leases.finish, message, "failed", reply.error)
            log.error("%s was refused: %s", message.message_key, reply.error)
        else:
            longest_s = RETRY_CAP_S if message.kind == REPORT else URGENT_CAP_S
            wait_s = await self.wait_after(message.chat_id, message.failures, reply, longest_s)
            await self.line.do(self.leases.retry, message, wait_s, reply.error)
            log.warning("%s: trying again in %.0f s: %s", message.message_key, wait_s, reply.error)
        return NotNow()

    async def note_move(self, chat_id: str, new_chat_id: str, message: Leased | None = None) -> None:
        """The group has become a supergroup: what waits for it goes there."""
        moved_to = await self.line.do(self.leases.move, chat_id, new_chat_id, message)
        log.error(
            "the group is a supergroup now: set TELEGRAM_CHAT_ID=%s (what waits is sent there)", moved_to
        )

    async def let_go(self, message: Leased) -> NotNow:
        """It is another's, or stands already: whatever it is, the next lease finds out at once."""
        await self.line.do(self.leases.postpone, message, 0.0)
        return NotNow()

    async def wait_after(
        self, chat_id: str, failures: int, reply: Reply, longest_s: float = RETRY_CAP_S
    ) -> float:
        """How long to wait for the next try; if Telegram asked for it, the whole chat is left alone."""
        if reply.retry_after_s:
            await self.line.do(self._pace.hold, chat_id, reply.retry_after_s)
        backoff_s = min(longest_s, self._retry_first_s * 2.0 ** min(failures, 20))
        return max(reply.retry_after_s, backoff_s)

    async def turn(self, message: Leased) -> None:
        """Wait for this chat's turn, and see that the message is still ours and of use."""
        longest_s = LONGEST_WAIT_S if message.kind == REPORT else URGENT_WAIT_S
        wait_s = await self.reserve(message.chat_id, longest_s)
        if wait_s is not None:
            await self.line.do(self.leases.not_its_turn, message, wait_s)
            raise NotNow
        if self.stop.is_set():
            await self.line.do(self.leases.postpone, message, 0.0)
            raise NotNow
        if not await self.line.do(self.leases.renew_lease, message):
            raise NotNow

    async def reserve(self, chat_id: str, longest_s: float, *, is_edit: bool = False) -> float | None:
        """Take a chat's next turn and wait for it: None. If it is further away than that: in how many seconds it is."""
        taken, wait_s = await self.line.do(self._pace.reserve, chat_id, longest_s, is_edit)
        if not taken:
            return wait_s
        await self.pause(wait_s)
        return None

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
