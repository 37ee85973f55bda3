"""The sender: empties the outbox, never sends a report twice.

A report is sent as a short stub and then filled with editMessageText. Sending has no idempotency key, so a
timeout leaves open whether the stub arrived; filling is idempotent and may be repeated at will. The worst
that a timeout can do is a second stub.
"""

from __future__ import annotations

import asyncio
import logging
import time

from reports.telegram.api import BotApi, Reply, Verdict
from reports.telegram.outbox import Leased, Outbox
from reports.telegram.pace import Pace
from reports.telegram.text import Text, split

log = logging.getLogger("reports")

STUB = Text("📊 …")
#: One stub may be lost without an answer; after a second one, a person should look.
MAX_LOST_STUBS = 2
#: Waits between tries double from the first to the last.
RETRY_FIRST_S = 1.0
RETRY_CAP_S = 300.0
#: A message that another sender holds may be finished any moment.
LOOK_AGAIN_S = 0.5
#: With an empty outbox, look again after this long.
IDLE_S = 5.0


class Sender:
    """Sends what is due. One at a time; several senders may share an outbox."""

    def __init__(
        self, outbox: Outbox, api: BotApi, *, pace: Pace | None = None, retry_first_s: float = RETRY_FIRST_S
    ) -> None:
        self._outbox = outbox
        self._api = api
        self._pace = pace or Pace()
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
        for number, part in enumerate(split(message.text)):
            if number < message.filled:
                continue
            message_id = await self._stub(message, number)
            if message_id is None or not await self._fill(message, message_id, part):
                return True
        self._outbox.finish(message, "sent")
        log.info("sent %s", message.message_key)
        return True

    async def _stub(self, message: Leased, number: int) -> int | None:
        """The id of the stub for one part, sent now if need be; None if that did not succeed yet."""
        if number < len(message.message_ids):
            return message.message_ids[number]
        await self._keep_pace(message.chat_id)
        reply = await self._api.send_message(message.chat_id, STUB)
        if reply.verdict is Verdict.DONE and reply.message_id is not None:
            self._outbox.stub_sent(message, reply.message_id)
            return reply.message_id
        if reply.verdict in (Verdict.UNCERTAIN, Verdict.DONE):
            self._outbox.stub_lost(message)
            if message.lost_stubs + 1 >= MAX_LOST_STUBS:
                self._outbox.finish(message, "uncertain", reply.error)
                log.error("%s: Telegram did not answer twice; look at the chat", message.message_key)
                return None
        self._put_back(message, reply)
        return None

    async def _fill(self, message: Leased, message_id: int, part: Text) -> bool:
        await self._keep_pace(message.chat_id)
        reply = await self._api.edit_message(message.chat_id, message_id, part)
        if reply.verdict is Verdict.DONE:
            self._outbox.filled(message)
            return True
        self._put_back(message, reply)
        return False

    def _put_back(self, message: Leased, reply: Reply) -> None:
        if reply.moved_to is not None:
            self._outbox.move(message, reply.moved_to)
            log.error(
                "the group is a supergroup now: set TELEGRAM_CHAT_ID=%s (what waits is sent there)",
                reply.moved_to,
            )
            return
        if reply.verdict is Verdict.REFUSED:
            self._outbox.finish(message, "failed", reply.error)
            log.error("%s was refused: %s", message.message_key, reply.error)
            return
        backoff_s = min(RETRY_CAP_S, self._retry_first_s * 2.0 ** min(message.attempts - 1, 20))
        wait_s = max(reply.retry_after_s, backoff_s)
        self._outbox.retry(message, wait_s, reply.error)
        log.warning("%s: trying again in %.0f s: %s", message.message_key, wait_s, reply.error)

    async def _keep_pace(self, chat_id: str) -> None:
        while (wait_s := self._pace.wait_s(chat_id, time.monotonic())) > 0:
            await asyncio.sleep(wait_s)
        self._pace.note(chat_id, time.monotonic())
