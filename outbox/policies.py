"""How a kind of message is sent: each kind is one entry in POLICIES.

Sending has no idempotency key, so a timeout, or the end of this process in the middle of a call, leaves open whether
the call was carried out. The rule for what is uncertain:

- A report is sent as a stub (its first line), then filled with editMessageText, which is idempotent and repeated at
  will; where that has no end (the chat moved, it is late, it is refused), what may stand in the chat is `uncertain`.
  One stub may be lost without an answer, and a second one is sent; after two the message is `uncertain`, and a person
  looks at the chat and decides (`deliveries resend`). The worst that can stand in the chat is a second stub, never a
  second report.
- An alert, or an answer to somebody, is sent as it is, for a stub tells nothing and comes first. What has no answer is
  sent once more while it is of use, with a last line that says that it may repeat what stands above; after a second
  doubt it is `uncertain`. The worst that can stand in the chat is one message and one more that says so.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from outbox.bot_api import Manner
from outbox.judging import CallOutcome, Reply
from outbox.leases import IN_DOUBT, Leased
from outbox.marking import marked
from outbox.outbox import REPORT
from outbox.sending import BEGINS_WITHIN_S, NotNow, Sending
from outbox.text import Text, stub

log = logging.getLogger("reports")

#: One real message, and once more with a mark where the first had no answer.
ALERT = "alert"
#: Likewise: what somebody asked for.
ANSWER = "answer"
#: Likewise, before everything else: a price that somebody waits for.
RING = "ring"
#: So many calls of an alert may be without an answer; then a person should look.
MAX_LOST_CALLS = 2
#: One stub may be lost without an answer; after a second one, a person should look.
MAX_LOST_STUBS = 2
#: Before the second one the wait is doubled so many times more: Telegram is in trouble for minutes, not for seconds.
DOUBLED_MORE = 6
#: An alert cannot wait for minutes.
DOUBLED_URGENTLY = 3
#: How Telegram says that a message is not there any more, or (locked) that it is not this bot's.
_LOCKED = "message can't be edited"
_GONE = ("message to edit not found", _LOCKED, "MESSAGE_ID_INVALID")

#: Sends a part of a text. Given: the message, the part's place, the part, how it is sent, and the id of what was sent
#: for it before, if anything was. Gives the id of the message that holds it. Raises NotNow.
Policy = Callable[[Sending, Leased, int, Text, Manner, int | None], Awaitable[int]]


async def stub_and_fill(
    sending: Sending, message: Leased, place: int, part: Text, manner: Manner, message_id: int | None
) -> int:
    """A stub, then its text: the text never stands twice, whatever happens."""
    if message_id is None:
        message_id = await _stub(sending, message, place, manner._replace(keyboard=()))
    await _fill(sending, message, place, message_id, part, manner)
    return message_id


async def whole(
    sending: Sending, message: Leased, place: int, part: Text, manner: Manner, _message_id: int | None
) -> int:
    """The text itself: once, and once more with a mark if the first may stand in the chat."""
    if message.in_doubt(place):
        part = marked(part, message.ref)
    if message.lost_stubs >= MAX_LOST_CALLS:
        raise await sending.give_up(message, IN_DOUBT)
    await sending.turn(message)
    if not await _begun(sending, message, place):
        raise await sending.let_go(message)
    reply = await sending.answer(sending.api.send_message(message.chat_id, part, manner))
    if reply.verdict is CallOutcome.DONE and reply.message_id is not None:
        if not await sending.line.do(sending.leases.sent_whole, message, place, reply.message_id):
            raise await sending.let_go(message)
        return reply.message_id
    if reply.verdict in (CallOutcome.UNCERTAIN, CallOutcome.DONE):
        raise await _in_doubt(sending, message, reply)
    await sending.line.do(sending.leases.whole_not_sent, message, place)
    if manner.keyboard and reply.refuses_buttons:
        reply = await _without_buttons(sending, message, reply)
    elif manner.thread_id is not None and reply.refuses_topic:
        reply = await _without_topic(sending, message, reply)
    raise await _stopped(sending, message, reply, doubt=message.in_doubt(place))


async def _begun(sending: Sending, message: Leased, place: int) -> bool:
    """Note that a call begins. False if it must not be made, or could have been made long ago."""
    began_s = time.monotonic()
    if not await sending.line.do(sending.leases.whole_begun, message, place):
        return False
    if time.monotonic() - began_s <= BEGINS_WITHIN_S:
        return True
    await sending.line.do(sending.leases.whole_not_sent, message, place)
    return False


async def _in_doubt(sending: Sending, message: Leased, reply: Reply) -> NotNow:
    """A call had no answer: it is sent once more, or a person should look."""
    error = reply.error or "no id in the answer"
    if message.lost_stubs + 1 >= MAX_LOST_CALLS:
        return await sending.give_up(message, f"{error} ({IN_DOUBT})")
    return await sending.put_back(
        message._replace(failures=message.failures + DOUBLED_URGENTLY), reply._replace(error=error)
    )


async def _without_buttons(sending: Sending, message: Leased, reply: Reply) -> Reply:
    """What it says is worth more than its buttons: the next try is without."""
    await sending.line.do(sending.leases.without_buttons, message)
    log.error("%s goes without its buttons: %s", message.message_key, reply.error)
    return reply._replace(verdict=CallOutcome.NOT_SENT)


async def _without_topic(sending: Sending, message: Leased, reply: Reply) -> Reply:
    """A group that reads it in another place is better than one that never does."""
    await sending.line.do(sending.leases.without_topic, message)
    log.error("%s goes to the group, for its topic is gone: %s", message.message_key, reply.error)
    return reply._replace(verdict=CallOutcome.NOT_SENT)


#: By the kind of a message.
POLICIES: dict[str, Policy] = {REPORT: stub_and_fill, ALERT: whole, ANSWER: whole, RING: whole}


async def _stub(sending: Sending, message: Leased, place: int, manner: Manner) -> int:
    """Send the stub of a part; the message id of the one to fill."""
    if message.lost_stubs >= MAX_LOST_STUBS:
        raise await sending.give_up(
            message, "two stubs were sent without an answer; look at the chat, then resend"
        )
    await sending.turn(message)
    if not await sending.line.do(sending.leases.stub_begun, message):
        raise NotNow
    call = sending.api.send_message(message.chat_id, stub(message.text, place), manner)
    reply = await sending.answer(call)
    if reply.verdict is CallOutcome.DONE and reply.message_id is not None:
        message_id = await sending.line.do(sending.leases.stub_sent, message, reply.message_id, place)
        if message_id is None:
            raise NotNow
        return message_id
    if reply.verdict not in (CallOutcome.UNCERTAIN, CallOutcome.DONE):
        await sending.line.do(sending.leases.stub_not_sent, message)
        raise await sending.put_back(message, reply)
    raise await sending.put_back(message._replace(failures=message.failures + DOUBLED_MORE), reply)


async def _fill(
    sending: Sending, message: Leased, place: int, message_id: int, part: Text, manner: Manner
) -> None:
    await sending.turn(message)
    if not await sending.line.do(sending.leases.text_begun, message, place):
        raise NotNow
    call = sending.api.edit_message(message.chat_id, message_id, part, manner.keyboard)
    reply = await sending.answer(call)
    if reply.verdict is CallOutcome.DONE:
        await sending.line.do(sending.leases.filled, message, place, message_id)
        return
    doubt = message.in_doubt(place)
    if reply.verdict is not CallOutcome.UNCERTAIN:
        await sending.line.do(sending.leases.text_not_sent, message, place)
    gone = any(words in reply.error for words in _GONE) and not (doubt and _LOCKED in reply.error)
    if gone and reply.verdict is CallOutcome.REFUSED:
        await sending.line.do(sending.leases.stub_gone, message, place)
        reply = reply._replace(verdict=CallOutcome.NOT_SENT)
    raise await _stopped(sending, message, reply, doubt=doubt)


async def _stopped(sending: Sending, message: Leased, reply: Reply, *, doubt: bool) -> NotNow:
    """A call did nothing. doubt: whether an earlier one may have: then a refusal says nothing of that."""
    if doubt and reply.verdict is CallOutcome.REFUSED and reply.moved_to is None:
        return await sending.give_up(message, f"{reply.error} ({IN_DOUBT})")
    return await sending.put_back(message, reply)
