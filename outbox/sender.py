"""The sender: empties the outbox, never sends a report twice.

A report is sent as a stub (its first line), then filled with editMessageText; picture and document follow as replies.
Sending has no idempotency key, so a timeout, or the end of this process in the middle of a call, leaves open whether
the call was carried out. The rule for what is uncertain:

- A text: filling is idempotent and repeated at will; where that has no end (the chat moved, it is too late, it is
  refused), what may stand in the chat is `uncertain`. One stub may be lost without an answer, and a second one is sent;
  after two the message is `uncertain`, and a person looks at the chat and decides (`deliveries resend`). The worst that
  can stand in the chat is a second stub, never a second report.
- A file: one that has no answer is `uncertain` and never sent again by itself: a missing picture is better than two.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

from outbox.bot_api import BotApi
from outbox.hand import Hand
from outbox.judging import CallOutcome, Reply, one_line
from outbox.outbox import IN_DOUBT, File, Leased, Outbox
from outbox.rate_limiter import RateLimiter
from outbox.text import Text, split, stub
from sink.db import CONNECTION_ERRORS

log = logging.getLogger("reports")

#: One stub may be lost without an answer; after a second one, a person should look.
MAX_LOST_STUBS = 2
#: Waits between tries double from the first to the last.
RETRY_FIRST_S = 1.0
RETRY_CAP_S = 300.0
#: A turn further away than this is not waited for: other chats may be due.
LONGEST_WAIT_S = 2.0
#: A message that another sender holds may be finished any moment.
LOOK_AGAIN_S = 0.5
#: With an empty outbox, look again after this long.
IDLE_S = 5.0
#: A call that is under way when the sender is to stop may take so long; then it counts as one without an answer.
STOP_GRACE_S = 10.0
#: How Telegram says that a message is not there any more, or (locked) that it is not this bot's.
_LOCKED = "message can't be edited"
_GONE = ("message to edit not found", _LOCKED, "MESSAGE_ID_INVALID")


class _NotNow(Exception):
    """This message cannot go on now; where it stands is written down."""


class Sender:
    """Sends what is due. One at a time; several senders may share an outbox.

    The outbox and the pace share a connection that nobody else uses meanwhile; a thread of the sender's own calls them.
    """

    def __init__(
        self, outbox: Outbox, api: BotApi, pace: RateLimiter, *, retry_first_s: float = RETRY_FIRST_S
    ) -> None:
        self._outbox = outbox
        self._api = api
        self._pace = pace
        self._retry_first_s = retry_first_s
        self._hand = Hand("sender")
        self._stop = asyncio.Event()

    async def drain(self, deadline_s: float) -> bool:
        """Send until nothing waits, for at most `deadline_s` seconds. True if nothing waits any more."""
        end = time.monotonic() + deadline_s
        async with self._fresh_hand() as hand:
            while time.monotonic() < end:
                if await self.step():
                    continue
                due_s = await hand.do(self._outbox.next_due_s)
                if due_s is None:
                    return True
                await asyncio.sleep(min(max(due_s, 0.05), LOOK_AGAIN_S, max(end - time.monotonic(), 0.0)))
            return await hand.do(self._outbox.next_due_s) is None

    async def run(self, stop: asyncio.Event) -> None:
        """Send whatever comes due until `stop` is set. Then it ends within STOP_GRACE_S, between two calls."""
        self._stop = stop
        async with self._fresh_hand() as hand:
            while not stop.is_set():
                if await self.step():
                    continue
                due_s = await hand.do(self._outbox.next_due_s)
                await self._pause(IDLE_S if due_s is None else min(max(due_s, 0.05), IDLE_S))

    @property
    def idle(self) -> bool:
        """Whether nobody uses the connection any more."""
        return self._hand.idle

    async def step(self) -> bool:
        """Work on one message that is due. False if there is none. Raises CONNECTION_ERRORS."""
        message = await self._hand.do(self._outbox.lease)
        if message is None:
            return False
        try:
            await self._deliver(message)
        except _NotNow:
            return True
        except CONNECTION_ERRORS:
            raise
        except Exception as error:
            log.exception("%s: could not be worked on; other messages go on", message.message_key)
            await self._retry(message, 0.0, one_line(f"{type(error).__name__}: {error}"))
            return True
        await self._hand.do(self._outbox.finish, message, "sent")
        log.info("sent %s", message.message_key)
        return True

    async def _deliver(self, message: Leased) -> None:
        ids = list(message.message_ids)
        for place, part in enumerate(split(message.text)):
            if place < message.filled:
                continue
            if place >= len(ids):
                ids.append(await self._stub(message, place))
            await self._fill(message, place, ids[place], part)
        for position, file in await self._hand.do(self._outbox.files, message):
            await self._follow(message, position, file, reply_to=ids[0])

    async def _stub(self, message: Leased, place: int) -> int:
        """Send the stub of a part; the message id of the one to fill."""
        if message.lost_stubs >= MAX_LOST_STUBS:
            error = "two stubs were sent without an answer; look at the chat, then resend"
            await self._hand.do(self._outbox.finish, message, "uncertain", error)
            log.error("%s: %s", message.message_key, error)
            raise _NotNow
        await self._turn(message)
        if not await self._hand.do(self._outbox.stub_begun, message):
            raise _NotNow
        reply = await self._answer(self._api.send_message(message.chat_id, stub(message.text, place)))
        if reply.verdict is CallOutcome.DONE and reply.message_id is not None:
            message_id = await self._hand.do(self._outbox.stub_sent, message, reply.message_id, place)
            if message_id is None:
                raise _NotNow
            return message_id
        if reply.verdict not in (CallOutcome.UNCERTAIN, CallOutcome.DONE):
            await self._hand.do(self._outbox.stub_not_sent, message)
        raise await self._put_back(message, reply)

    async def _fill(self, message: Leased, place: int, message_id: int, part: Text) -> None:
        await self._turn(message)
        if not await self._hand.do(self._outbox.fill_begun, message, place):
            raise _NotNow
        reply = await self._answer(self._api.edit_message(message.chat_id, message_id, part))
        if reply.verdict is CallOutcome.DONE:
            await self._hand.do(self._outbox.filled, message, place, message_id)
            return
        doubt = message.in_doubt(place)
        if reply.verdict is not CallOutcome.UNCERTAIN:
            await self._hand.do(self._outbox.not_filled, message, place)
        gone = any(words in reply.error for words in _GONE) and not (doubt and _LOCKED in reply.error)
        if gone and reply.verdict is CallOutcome.REFUSED:
            await self._hand.do(self._outbox.stub_gone, message, place)
            reply = reply._replace(verdict=CallOutcome.NOT_SENT)
        if doubt and reply.verdict is CallOutcome.REFUSED and reply.moved_to is None:
            await self._hand.do(self._outbox.finish, message, "uncertain", f"{reply.error} ({IN_DOUBT})")
            log.error("%s: %s (%s)", message.message_key, reply.error, IN_DOUBT)
            raise _NotNow
        raise await self._put_back(message, reply)

    async def _follow(self, message: Leased, position: int, file: File, reply_to: int) -> None:
        """Send a file as a reply. One that has no answer, or is refused, does not hold up the others."""
        await self._turn(message)
        if not await self._hand.do(self._outbox.file_is, message, position, "uncertain"):
            raise _NotNow
        reply = await self._answer(self._api.send_file(message.chat_id, file, reply_to))
        if reply.verdict is CallOutcome.DONE:
            await self._hand.do(self._outbox.file_sent, message, position, reply.message_id)
        elif reply.moved_to is None and reply.verdict is CallOutcome.REFUSED:
            await self._hand.do(self._outbox.file_is, message, position, "failed")
            log.error("%s: %s was refused: %s", message.message_key, file.name, reply.error)
        elif reply.verdict is CallOutcome.UNCERTAIN:
            log.error("%s: no answer to %s; look at the chat", message.message_key, file.name)
        else:
            await self._hand.do(self._outbox.file_is, message, position, "queued")
            raise await self._put_back(message, reply)

    async def _put_back(self, message: Leased, reply: Reply) -> _NotNow:
        """Write down where a message stands that cannot go on now."""
        if reply.moved_to is not None:
            if await self._hand.do(self._outbox.move, message.chat_id, reply.moved_to, message):
                log.error(
                    "the group is a supergroup now: set TELEGRAM_CHAT_ID=%s (what waits is sent there)",
                    reply.moved_to,
                )
            else:
                await self._retry(message, 0.0, f"the chat is said to have moved in a circle: {reply.error}")
        elif reply.verdict is CallOutcome.REFUSED:
            await self._hand.do(self._outbox.finish, message, "failed", reply.error)
            log.error("%s was refused: %s", message.message_key, reply.error)
        else:
            if reply.retry_after_s:
                await self._hand.do(self._pace.hold, message.chat_id, reply.retry_after_s)
            await self._retry(message, reply.retry_after_s, reply.error)
        return _NotNow()

    async def _retry(self, message: Leased, least_s: float, error: str) -> None:
        backoff_s = min(RETRY_CAP_S, self._retry_first_s * 2.0 ** min(message.failures, 20))
        wait_s = max(least_s, backoff_s)
        await self._hand.do(self._outbox.retry, message, wait_s, error)
        log.warning("%s: trying again in %.0f s: %s", message.message_key, wait_s, error)

    async def _turn(self, message: Leased) -> None:
        """Wait for this chat's turn, and see that the message is still ours and of use."""
        taken, wait_s = await self._hand.do(self._pace.reserve, message.chat_id, LONGEST_WAIT_S)
        if not taken:
            await self._hand.do(self._outbox.postpone, message, wait_s)
            raise _NotNow
        await self._pause(wait_s)
        if self._stop.is_set():
            await self._hand.do(self._outbox.postpone, message, 0.0)
            raise _NotNow
        if not await self._hand.do(self._outbox.renew_lease, message):
            raise _NotNow

    async def _answer(self, call: Coroutine[Any, Any, Reply]) -> Reply:
        """The reply to a call; one that is still awaited when the sender has to end is without an answer."""
        calling, stopping = asyncio.ensure_future(call), asyncio.ensure_future(self._stop.wait())
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

    async def _pause(self, wait_s: float) -> None:
        """Wait, but not beyond the end."""
        if wait_s > 0:
            try:
                await asyncio.wait_for(self._stop.wait(), wait_s)
            except TimeoutError:
                return

    def _fresh_hand(self) -> Hand:
        self._hand = Hand("sender")
        return self._hand
