"""The sender: empties the outbox, never sends a report twice.

A report is sent as a short stub and then filled with editMessageText; its picture and document follow as replies.
Sending has no idempotency key, so a timeout, or the end of this process in the middle of a call, leaves open whether
the call was carried out. The rule for what is uncertain:

- A text: filling is idempotent and repeated at will. One stub may be lost without an answer, and a second one is sent;
  after two the message is `uncertain`, and a person looks at the chat and decides (`deliveries resend`). The worst that
  can stand in the chat is a second stub, never a second report.
- A file: one that has no answer is `uncertain` and never sent again by itself: a missing picture is better than two.
"""

from __future__ import annotations

import asyncio
import logging
import time

from reports.telegram.api import BotApi, Reply, Verdict
from reports.telegram.outbox import File, Leased, Outbox
from reports.telegram.pace import Pace
from reports.telegram.text import Text, split

log = logging.getLogger("reports")

STUB = Text("📊 …")
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


class _NotNow(Exception):
    """This message cannot go on now; where it stands is written down."""


class Sender:
    """Sends what is due. One at a time; several senders may share an outbox."""

    def __init__(
        self, outbox: Outbox, api: BotApi, pace: Pace, *, retry_first_s: float = RETRY_FIRST_S
    ) -> None:
        self._outbox = outbox
        self._api = api
        self._pace = pace
        self._retry_first_s = retry_first_s

    async def drain(self, deadline_s: float) -> bool:
        """Send until nothing waits, for at most `deadline_s` seconds. True if nothing waits any more."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            if await self.step():
                continue
            due_s = self._outbox.next_due_s()
            if due_s is None:
                return True
            await asyncio.sleep(min(max(due_s, 0.05), LOOK_AGAIN_S, max(end - time.monotonic(), 0.0)))
        return self._outbox.next_due_s() is None

    async def run(self, stop: asyncio.Event) -> None:
        """Send whatever comes due until `stop` is set."""
        while not stop.is_set():
            if await self.step():
                continue
            due_s = self._outbox.next_due_s()
            wait_s = IDLE_S if due_s is None else min(max(due_s, 0.05), IDLE_S)
            try:
                await asyncio.wait_for(stop.wait(), wait_s)
            except TimeoutError:
                continue

    async def step(self) -> bool:
        """Work on one message that is due. False if there is none."""
        message = self._outbox.lease()
        if message is None:
            return False
        try:
            await self._deliver(message)
        except _NotNow:
            return True
        self._outbox.finish(message, "sent")
        log.info("sent %s", message.message_key)
        return True

    async def _deliver(self, message: Leased) -> None:
        ids = list(message.message_ids)
        lost = message.lost_stubs
        for number, part in enumerate(split(message.text)):
            if number < message.filled:
                continue
            if number >= len(ids):
                ids.append(await self._stub(message, lost))
            await self._fill(message, ids[number], part)
        for position, file in self._outbox.files(message):
            await self._follow(message, position, file, reply_to=ids[0])

    async def _stub(self, message: Leased, lost: int) -> int:
        """Send a stub; its message id."""
        if lost >= MAX_LOST_STUBS:
            error = "two stubs were sent without an answer; look at the chat, then resend"
            self._outbox.finish(message, "uncertain", error)
            log.error("%s: %s", message.message_key, error)
            raise _NotNow
        await self._turn(message)
        self._outbox.stub_begun(message)
        reply = await self._api.send_message(message.chat_id, STUB)
        if reply.verdict is Verdict.DONE and reply.message_id is not None:
            self._outbox.stub_sent(message, reply.message_id)
            return reply.message_id
        if reply.verdict not in (Verdict.UNCERTAIN, Verdict.DONE):
            self._outbox.stub_not_sent(message)
        raise self._put_back(message, reply)

    async def _fill(self, message: Leased, message_id: int, part: Text) -> None:
        await self._turn(message)
        reply = await self._api.edit_message(message.chat_id, message_id, part)
        if reply.verdict is not Verdict.DONE:
            raise self._put_back(message, reply)
        self._outbox.filled(message)

    async def _follow(self, message: Leased, position: int, file: File, reply_to: int) -> None:
        """Send a file as a reply. One that has no answer, or is refused, does not hold up the others."""
        await self._turn(message)
        self._outbox.file_is(message, position, "uncertain")
        reply = await self._api.send_file(message.chat_id, file, reply_to)
        if reply.verdict is Verdict.DONE:
            self._outbox.file_is(message, position, "sent", reply.message_id)
        elif reply.verdict is Verdict.REFUSED:
            self._outbox.file_is(message, position, "failed")
            log.error("%s: %s was refused: %s", message.message_key, file.name, reply.error)
        elif reply.verdict is Verdict.UNCERTAIN:
            log.error("%s: no answer to %s; look at the chat", message.message_key, file.name)
        else:
            self._outbox.file_is(message, position, "queued")
            raise self._put_back(message, reply)

    def _put_back(self, message: Leased, reply: Reply) -> _NotNow:
        """Write down where a message stands that cannot go on now."""
        if reply.moved_to is not None:
            self._outbox.move(message, reply.moved_to)
            log.error(
                "the group is a supergroup now: set TELEGRAM_CHAT_ID=%s (what waits is sent there)",
                reply.moved_to,
            )
        elif reply.verdict is Verdict.REFUSED:
            self._outbox.finish(message, "failed", reply.error)
            log.error("%s was refused: %s", message.message_key, reply.error)
        else:
            backoff_s = min(RETRY_CAP_S, self._retry_first_s * 2.0 ** min(message.failures, 20))
            if reply.retry_after_s:
                self._pace.hold(message.chat_id, reply.retry_after_s)
            self._outbox.retry(message, max(reply.retry_after_s, backoff_s), reply.error)
            log.warning("%s: trying again in %.0f s: %s", message.message_key, backoff_s, reply.error)
        return _NotNow()

    async def _turn(self, message: Leased) -> None:
        """Wait for this chat's turn, and see that the message is still ours and of use."""
        taken, wait_s = self._pace.reserve(message.chat_id, LONGEST_WAIT_S)
        if not taken:
            self._outbox.postpone(message, wait_s)
            raise _NotNow
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if not self._outbox.hold(message):
            raise _NotNow
