"""What is read of an update of Telegram: who said or pressed what, where and when. Pure and total.

Of an update only this is kept, its texts cut to what a command can need. Whatever is no command, press or reaction of a
person is only counted: messages that were forwarded or edited, sent in the name of a chat, or through another bot.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

#: Longer texts are no commands: their name is read, their arguments are not.
LONGEST_TEXT = 1000
MOST_WORDS, LONGEST_WORD = 64, 64
_MOST_DATA_BYTES = 64
_MOST_EMOJI = 8
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?")
#: Moments of Telegram, in seconds since 1970: until 2200.
_Seconds = Annotated[int, Meta(ge=0, le=7_258_118_400)]
_Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Heard(Struct, frozen=True, omit_defaults=True):
    """One update that may be acted on.

    chat_id, thread_id: where; private: with the bot alone; sent_at: by Telegram's clock (None: a press has no time).
    words: of a command, its name in lower case first; cut: there was more; named: it was said to this bot by name.
    data, query_id: of a press, and message_id the message with the button; gained, lost: emoji of a reaction to it.
    """

    update_id: int
    kind: Literal["command", "press", "reaction"]
    user_id: int
    chat_id: str
    thread_id: int | None = None
    private: bool = False
    message_id: int | None = None
    sent_at: datetime | None = None
    words: list[str] = []
    cut: bool = False
    named: bool = False
    data: str = ""
    query_id: str = ""
    gained: list[str] = []
    lost: list[str] = []


class Ignored(Struct, frozen=True):
    """One that is not acted on, and why: one of a few words."""

    reason: str


class _User(Struct):
    id: Annotated[int, Meta(gt=0, le=2**52)]
    is_bot: bool = False


class _Chat(Struct):
    id: _Id
    type: str = ""


class _Message(Struct):
    message_id: _Id
    chat: _Chat
    date: _Seconds = 0
    sender: Annotated[_User | None, Meta()] = msgspec.field(name="from", default=None)
    text: str = ""
    message_thread_id: _Id | None = None
    is_topic_message: bool = False
    sender_chat: Any = None
    via_bot: Any = None
    forward_origin: Any = None
    forward_date: Any = None
    edit_date: Any = None
    is_automatic_forward: bool = False


class _Press(Struct):
    id: str
    sender: _User = msgspec.field(name="from")
    data: str = ""
    message: _Message | None = None


class _Emoji(Struct):
    type: str = ""
    emoji: str = ""


class _Reaction(Struct):
    chat: _Chat
    message_id: _Id
    date: _Seconds = 0
    user: _User | None = None
    old_reaction: list[_Emoji] = []
    new_reaction: list[_Emoji] = []


class _Update(Struct):
    update_id: Annotated[int, Meta(ge=0, le=2**62)]
    message: _Message | None = None
    callback_query: _Press | None = None
    message_reaction: _Reaction | None = None


class _Numbered(Struct):
    update_id: Annotated[int, Meta(ge=0, le=2**62)]


def number_of(update: object) -> int | None:
    """The id of an update, however odd the rest of it; None if it has none."""
    try:
        return msgspec.convert(update, _Numbered).update_id
    except msgspec.ValidationError:
        return None


def heard(update: object, me: str) -> Heard | Ignored:
    """What an update says. me: the bot's name, without @."""
    try:
        read = msgspec.convert(update, _Update)
    except (msgspec.ValidationError, RecursionError):
        return Ignored("not readable")
    if read.message is not None:
        return _command(read.update_id, read.message, me)
    if read.callback_query is not None:
        return _press(read.update_id, read.callback_query)
    if read.message_reaction is not None:
        return _reaction(read.update_id, read.message_reaction)
    return Ignored("other")


#: Why a message is not its sender's own word, now.
_NOT_THEIRS: tuple[tuple[str, Callable[[_Message], bool]], ...] = (
    ("no person", lambda it: it.sender is None or it.sender.is_bot or it.sender_chat is not None),
    (
        "forwarded",
        lambda it: bool(it.forward_origin or it.forward_date is not None or it.is_automatic_forward),
    ),
    ("through a bot", lambda it: it.via_bot is not None),
    ("edited", lambda it: it.edit_date is not None),
)


def _command(update_id: int, message: _Message, me: str) -> Heard | Ignored:
    for reason, is_so in _NOT_THEIRS:
        if is_so(message):
            return Ignored(reason)
    assert message.sender is not None
    first = message.text[:LONGEST_TEXT].split(maxsplit=1)[
        :1
    ]  # none of a text that begins with much empty space
    found = _COMMAND.fullmatch(first[0]) if first else None
    if found is None:
        return Ignored("no command")
    name, bot = found.groups()
    if bot is not None and bot.lower() != me.lower():
        return Ignored("to another bot")
    words, cut = _words(message.text)
    return Heard(
        update_id,
        "command",
        message.sender.id,
        **_place(message),
        message_id=message.message_id,
        sent_at=_moment(message.date),
        words=[name.lower(), *words[1:]],
        cut=cut,
        named=bot is not None,
    )


def _press(update_id: int, press: _Press) -> Heard | Ignored:
    if press.message is None or press.sender.is_bot:
        return Ignored("no message")
    if len(press.data.encode("utf-8", "replace")) > _MOST_DATA_BYTES or len(press.id) > LONGEST_WORD:
        return Ignored("not readable")
    return Heard(
        update_id,
        "press",
        press.sender.id,
        **_place(press.message),
        message_id=press.message.message_id,
        data=_plain(press.data),
        query_id=_plain(press.id),
    )


def _reaction(update_id: int, reaction: _Reaction) -> Heard | Ignored:
    if reaction.user is None or reaction.user.is_bot:
        return Ignored("no person")
    old, new = (_emoji(those) for those in (reaction.old_reaction, reaction.new_reaction))
    return Heard(
        update_id,
        "reaction",
        reaction.user.id,
        str(reaction.chat.id),
        private=reaction.chat.type == "private",
        message_id=reaction.message_id,
        sent_at=_moment(reaction.date),
        gained=[one for one in new if one not in old],
        lost=[one for one in old if one not in new],
    )


def _place(message: _Message) -> dict[str, Any]:
    """Replies in a group without topics have a thread too, which is none to write into."""
    return {
        "chat_id": str(message.chat.id),
        "thread_id": message.message_thread_id if message.is_topic_message else None,
        "private": message.chat.type == "private",
    }


def _words(text: str) -> tuple[list[str], bool]:
    """The words of a command, and whether it is longer than any command is."""
    words = [_plain(word) for word in text[: LONGEST_TEXT + 1].split(maxsplit=MOST_WORDS)]
    cut = len(text) > LONGEST_TEXT or len(words) > MOST_WORDS or any(len(one) > LONGEST_WORD for one in words)
    return (words[:1] if cut else words), cut


def _plain(text: str) -> str:
    """Without what a line, a log or Postgres cannot hold."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _emoji(those: list[_Emoji]) -> list[str]:
    return [
        one.emoji[:_MOST_EMOJI]
        for one in those[:_MOST_EMOJI]
        if one.type == "emoji" and one.emoji.isprintable()
    ]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
