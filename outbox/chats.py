"""Chats by how settings name them, and one message to several of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from outbox.outbox import Outbox
from outbox.policies import ALERT
from outbox.text import Text

#: `CHAT[/TOPIC]`: the id of a chat or its public name, and of a topic.
CHAT_PATTERN = r"(-?[0-9]{1,19}|@[A-Za-z][A-Za-z0-9_]{3,31})(?:/([1-9][0-9]{0,9}))?"


class Place(Protocol):
    """A chat, or a topic of one."""

    @property
    def chat_id(self) -> str:
        """Of the chat."""

    @property
    def thread_id(self) -> int | None:
        """Of the topic."""


def tell_all(
    outbox: Outbox, chats: Iterable[Place], key: str, text: Text, not_after: datetime, *, ref: str
) -> None:
    """Put a message into the outbox for each of these, under a key of its own that begins with `key`."""
    for chat in chats:
        one = f"{key}:{chat.chat_id}:{chat.thread_id or 0}"
        outbox.enqueue(one, chat.chat_id, text, not_after, kind=ALERT, thread_id=chat.thread_id, ref=ref)
