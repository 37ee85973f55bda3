"""A click below an alert, or a reaction to one: kept and shown, within the transaction of its update.

What is of no alert in that chat is ignored, with the reason, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from desk.feedback.said import NONE, Said, latency_ms, of_reaction, of_word, standing_after
from outbox.outbox import Outbox
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "feedback.sql")
BUTTON, REACTION = "button", "reaction"

#: Shows an alert anew in all its chats, from the rows as they are now: given the transaction's connection, and a ref.
Show = Callable[[Connection, str], object]


class Click(NamedTuple):
    """Who clicked where, and when (aware): by Telegram's clock, else when the desk got it."""

    update_id: int
    user_id: int
    chat_id: str
    ts: datetime


class Clicked(NamedTuple):
    """What came of a click: what is said of the alert now (`none`: it was taken back), or why nothing changed."""

    ref_id: str | None = None
    value: str | None = None
    ignored: str | None = None


def press(connection: Connection, show: Show, click: Click, ref_id: str, word: str) -> Clicked:
    """A button of an alert was pressed. Within a transaction. Raises psycopg.Error.

    The same update again changes nothing: it was done.
    """
    said = of_word(word)
    if said is None:
        return Clicked(ignored="no judgement")
    chat_ids = Outbox(connection).ids_of(click.chat_id)
    alert = _one(connection, "of_ref", {"ref_id": ref_id, "chat_ids": chat_ids})
    if alert is None:
        return Clicked(ignored="no alert of this chat")
    return _say(connection, show, click, alert, said, BUTTON)


def react(
    connection: Connection,
    show: Show,
    click: Click,
    message_id: int,
    gained: Collection[str],
    lost: Collection[str],
) -> Clicked:
    """Reactions to a message were set or taken back. Within a transaction. Raises psycopg.Error.

    Thumbs alone say something, and only of alerts; a person may have taken a thumb back, too.
    """
    said = of_reaction(gained, lost)
    if said is None:
        return Clicked(ignored="no thumb")
    key = Outbox(connection).message_of(click.chat_id, message_id)
    alert = None if key is None else _one(connection, "of_message", {"message_key": key})
    if alert is None:
        return Clicked(ignored="no alert of this chat")
    return _say(connection, show, click, alert, said, REACTION)


def _say(
    connection: Connection, show: Show, click: Click, alert: dict[str, Any], said: Said, via: str
) -> Clicked:
    asked = {"ref_id": alert["ref_id"], "kind": said.kind, **click._asdict()}
    before = _one(connection, "latest", asked) or {}
    value = standing_after(before["value"] or NONE, said, pressed=via == BUTTON)
    if before["known"] or value is None:
        return Clicked(alert["ref_id"], ignored="known" if before["known"] else "nothing new")
    latency = latency_ms(Outbox(connection).sent_at(alert["message_key"]), click.ts)
    row = {
        **alert,
        **asked,
        "ts": _moment(click, before),
        "bias": alert["side"],
        "value": value,
        "via": via,
        "latency_to_click_ms": latency,
    }
    connection.execute(_SQL["add"], row)
    show(connection, alert["ref_id"])
    return Clicked(alert["ref_id"], value)


def _moment(click: Click, before: dict[str, Any]) -> datetime:
    """When it was said: not before what Telegram knows to have been said before it.

    Times are of two clocks, and one of them in whole seconds: by them alone the last click would not always win.
    """
    said_at: datetime | None = before["ts"]
    return click.ts if said_at is None or before["update_id"] > click.update_id else max(click.ts, said_at)


def _one(connection: Connection, name: str, asked: dict[str, Any]) -> dict[str, Any] | None:
    rows = rows_as_dicts(connection, _SQL[name], asked)
    return rows[0] if rows else None
