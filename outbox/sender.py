"""The sender: empties the outbox, never sends a message twice.

How a text is sent is its kind's policy; pictures and documents follow as replies. A file that has no answer is
`uncertain` and never sent again by itself: a missing picture is better than two.
"""

from __future__ import annotations

import asyncio
import logging
import time

from outbox.bot_api import BotApi
from outbox.editing import Editing
from outbox.judging import CallOutcome, Reply, one_line
from outbox.leases import Leased, Leases
from outbox.line import Line
from outbox.marking import parts_of
from outbox.outbox import REPORT, File
from outbox.policies import POLICIES
from outbox.rate_limiter import RateLimiter
from outbox.sending import RETRY_FIRST_S, NotNow, Sending
from signaltape.plain_errors import one_line as database_says
from sink.db import CONNECTION_ERRORS, DatabaseError

log = logging.getLogger("reports")

#: A message that another sender holds may be finished any moment.
LOOK_AGAIN_S = 0.5
#: With an empty outbox, look again after this long though nobody was told of anything: a notification may be lost.
IDLE_S = 60.0


class Sender:
    """Sends what is due. One at a time; several senders may share an outbox.

    leases and pace share a connection that nobody else uses meanwhile.
    """

    def __init__(
        self, leases: Leases, api: BotApi, pace: RateLimiter, *, retry_first_s: float = RETRY_FIRST_S
    ) -> None:
        self._leases = leases
        self._line = Line()
        self._sending = Sending(leases, api, pace, self._line, retry_first_s)
        self._editing = Editing(self._sending)

    async def drain(self, deadline_s: float) -> bool:
        """Send until nothing waits, for at most `deadline_s` seconds. True if nothing waits any more."""
        end = time.monotonic() + deadline_s
        async with self._line as line:
            while time.monotonic() < end:
                if await self.step():
                    continue
                due_s = await line.do(self._leases.next_due_s)
                if due_s is None:
                    return True
                await asyncio.sleep(min(max(due_s, 0.05), LOOK_AGAIN_S, max(end - time.monotonic(), 0.0)))
            return await line.do(self._leases.next_due_s) is None

    async def run(self, stop: asyncio.Event) -> None:
        """Send whatever comes due until `stop` is set. Then it ends within STOP_GRACE_S, between two calls."""
        self._sending.stop = stop
        async with self._line as line:
            told = await self._listens()
            while not stop.is_set():
                if await self.step():
                    continue
                due_s = await line.do(self._leases.next_due_s)
                wait_s = IDLE_S if due_s is None else min(max(due_s, 0.05), IDLE_S)
                await (
                    self._sending.unless_stopped(self._leases.told(wait_s))
                    if told
                    else self._sending.pause(wait_s)
                )

    async def step(self) -> bool:
        """Work on one message that is due, or else on one edit. False if there is none. Raises CONNECTION_ERRORS."""
        message = await self._line.do(self._leases.lease)
        if message is None:
            return await self._editing.step()
        try:
            await self._deliver(message)
        except NotNow:
            return True
        except CONNECTION_ERRORS:
            raise
        except Exception as error:
            log.exception("%s: could not be worked on; other messages go on", message.message_key)
            unforeseen = one_line(f"{type(error).__name__}: {error}")
            await self._sending.put_back(message, Reply(CallOutcome.NOT_SENT, error=unforeseen))
            return True
        await self._line.do(self._leases.finish, message, "sent")
        log.info("sent %s", message.message_key)
        return True

    async def _listens(self) -> bool:
        """Whether Postgres will say what is put in. Before the first look: what comes after that is heard."""
        try:
            await self._line.do(self._leases.listen)
        except CONNECTION_ERRORS:
            raise
        except DatabaseError as error:
            log.warning(
                "Postgres does not say what is put in (%s): looking every %.0f s",
                database_says(error),
                IDLE_S,
            )
            return False
        return True

    async def _deliver(self, message: Leased) -> None:
        ids = list(message.message_ids)
        policy = POLICIES[message.kind]
        parts = parts_of(message.text, message.ref, message.kind != REPORT)
        for place, part in enumerate(parts):
            if place < message.filled:
                continue
            manner = message.manner.of_part(place, place == len(parts) - 1)
            before = ids[place] if place < len(ids) else None
            sent = await policy(self._sending, message, place, part, manner, before)
            ids[place:] = [sent, *ids[place + 1 :]]
        for position, file in await self._line.do(self._leases.files, message):
            await self._follow(message, position, file, next(iter(ids[message.left_behind :]), None))

    async def _follow(self, message: Leased, position: int, file: File, reply_to: int | None) -> None:
        """Send a file, as a reply if there is a message in this chat to reply to: numbers of the group that it was may
        be other messages here. One that has no answer, or is refused, does not hold up the others."""
        await self._sending.turn(message)
        if not await self._line.do(self._leases.file_is, message, position, "uncertain"):
            raise NotNow
        reply = await self._sending.answer(
            self._sending.api.send_file(message.chat_id, file, reply_to, message.manner.thread_id)
        )
        if reply.verdict is CallOutcome.DONE:
            await self._line.do(self._leases.file_sent, message, position, reply.message_id)
        elif reply.moved_to is None and reply.verdict is CallOutcome.REFUSED:
            await self._line.do(self._leases.file_is, message, position, "failed")
            log.error("%s: %s was refused: %s", message.message_key, file.name, reply.error)
        elif reply.verdict is CallOutcome.UNCERTAIN:
            log.error("%s: no answer to %s; look at the chat", message.message_key, file.name)
        else:
            await self._line.do(self._leases.file_is, message, position, "queued")
            raise await self._sending.put_back(message, reply)
