"""Moves of chats that no call was told of yet: who set the new id by hand was quicker than any message.

A report that was sent to a group must not be sent again to the supergroup that it became. So before a supergroup is
given a message that a group was given before, Telegram is asked whether this group has moved.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from outbox.bot_api import BotApi
from outbox.judging import CallOutcome, Reply
from outbox.outbox import Outbox
from signaltape.settings import Secret

log = logging.getLogger("reports")

#: An answer that takes longer is not waited for: the message is put in without it.
_ANSWER_WITHIN_S = 10.0


def learn_of_moves(outbox: Outbox, key_begins: str, chat_id: str, token: Secret, base: str) -> None:
    """Ask Telegram about groups that were given a message of such a key, before chat_id is; note those that moved.

    key_begins: the message's key without the chat at its end. A few calls at most, and none unless chat_id is a
    supergroup. What has no answer is said in the log. It blocks; not for a thread with an event loop.
    """
    groups = outbox.groups_given(key_begins, chat_id)
    if not groups:
        return
    for group, reply in zip(groups, asyncio.run(_replies(token, base, groups)), strict=True):
        if reply.moved_to is not None:
            moved_to = outbox.note_move(group, reply.moved_to)
            log.info(
                "the group %s is the supergroup %s now: what it was sent is not sent again", group, moved_to
            )
        elif reply.verdict is not CallOutcome.DONE:
            log.warning(
                "Telegram does not say whether the group %s became %s; if it did, a report may stand there twice: %s",
                group,
                chat_id,
                reply.error,
            )


async def _replies(token: Secret, base: str, groups: Sequence[str]) -> list[Reply]:
    async with BotApi(token, base, _ANSWER_WITHIN_S) as api:
        return [await api.show_typing(group) for group in groups]
