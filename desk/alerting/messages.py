"""The messages of an alert in one chat: itself, and its JSON as a silent reply or to be unfolded below it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from desk.alerting.around import Around
from desk.alerts.json_text import json_text
from desk.alerts.life import Life
from desk.alerts.model import Alert
from desk.alerts.showing import shown
from desk.policy.decide import Send
from desk.policy.sizing import Sizing
from desk.reading import AlertChat
from desk.settings import DeskSettings
from outbox.keyboard import Keyboard
from outbox.outbox import Outbox
from outbox.policies import ALERT
from outbox.text import MAX_TEXT_UNITS, Text, TextBuilder, units
from sink.db import Connection

#: What became of an alert is worth an edit for so long.
_EDIT_USE = timedelta(days=1)
#: Kept free for what the sender may have to add: that it may be a repeat.
_MOST_UNITS = MAX_TEXT_UNITS - 128
_CUT = "…"


class Known(NamedTuple):
    """All that the messages of an alert are made of, but for the clicks in each chat."""

    alert: Alert
    sizing: Sizing | None
    marks: tuple[str, ...]
    life: Life | None


class Messages:
    """Puts the messages of alerts into the outbox, and edits them. For any number of connections."""

    def __init__(self, desk: DeskSettings, around: Around) -> None:
        self._desk = desk
        self._around = around

    def send(self, connection: Connection, known: Known, chat: AlertChat) -> str:
        """Put an alert in for a chat; the key of its message. Raises ValueError for buttons that cannot be."""
        alert, outbox = known.alert, Outbox(connection)
        to, key = outbox.ids_of(chat.chat_id)[-1], key_of(alert.ref_id, chat.chat_id)
        text, keyboard = self.content(connection, known, chat.chat_id)
        outbox.enqueue(
            key, to, text, alert.expires_at, kind=ALERT, keyboard=keyboard, thread_id=chat.thread_id,
            ref=alert.ref_id,
        )  # fmt: skip
        if self._desk.alert_json == "reply":
            outbox.enqueue(
                f"alert-json:{alert.ref_id}:{chat.chat_id}", to, json_text(alert), alert.expires_at, kind=ALERT,
                silent=True, reply_to=key, thread_id=chat.thread_id, ref=alert.ref_id,
            )  # fmt: skip
        return key

    def edit(self, connection: Connection, known: Known, chat_id: str, key: str, now: datetime) -> bool:
        """Make the message of a chat what is known now. False if it ended without being sent."""
        text, keyboard = self.content(connection, known, chat_id)
        return Outbox(connection).edit(key, text, keyboard, not_after=now + _EDIT_USE)

    def content(self, connection: Connection, known: Known, chat_id: str) -> tuple[Text, Keyboard]:
        """Text and buttons of an alert as a chat is to see them."""
        clicks = self._around.clicks(connection, known.alert.ref_id, chat_id)
        text, keyboard = shown(
            known.alert, known.sizing, Send(known.marks), known.life, clicks, self._desk.alert_links,
            ghosts=self._desk.ghosts,
        )  # fmt: skip
        if self._desk.alert_json == "quote":
            text = quoted(text, json_text(known.alert).text)
        return text, keyboard


def key_of(ref_id: str, chat_id: str) -> str:
    """The key of an alert's message in a chat."""
    return f"alert:{ref_id}:{chat_id}"


def quoted(text: Text, below: str) -> Text:
    """A text with another below it that is to be unfolded: as much of it as there is room for in one message."""
    room = _MOST_UNITS - units(text.text) - 1
    if units(below) > room:
        raw = below.encode("utf-16-le", "surrogatepass")[: 2 * max(0, room - len(_CUT))]
        below = raw.decode("utf-16-le", "ignore") + _CUT
    if room <= len(_CUT):
        return text
    builder = TextBuilder()
    builder.add(text.text).add("\n").add(below, "expandable_blockquote")
    return Text(builder.build().text, [*text.entities, *builder.build().entities])
