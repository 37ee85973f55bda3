"""A click below an alert, or a reaction to one: kept, recorded, shown, within the transaction of its update.

What is of no alert in that chat is ignored, with the reason, and changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from desk.feedback.said import NONE, Said, latency_ms, of_reaction, of_word, standing_after
from outbox.outbox import Outbox
from signaltape.contract.desk_records import FeedbackClick
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "feedback.sql")
#: Names the ids of clicks, each made of the update that it came with.
_CLICKS = uuid.UUID("5b0b1c4e-7a53-5d0e-9a3c-2f6d0c9e41b7")
BUTTON, REACTION = "button", "reaction"

#: Shows an alert anew in all its chats, from the rows as they are now: given the transaction's connection, and a ref.
Show = Callable[[Connection, str], object]


class Tape(Protocol):
    """What a click is recorded on: an Emitter."""

    def record(self, name: str, /, **fields: Any) -> bool: ...


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


def press(connection: Connection, tape: Tape, show: Show, click: Click, ref_id: str, word: str) -> Clicked:
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
    return _say(connection, tape, show, click, alert, said, BUTTON)


def react(
    connection: Connection,
    tape: Tape,
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
    return _say(connection, tape, show, click, alert, said, REACTION)


def _say(
    connection: Connection, tape: Tape, show: Show, click: Click, alert: dict[str, Any], said: Said, via: str
) -> Clicked:
    asked = {"ref_id": alert["ref_id"], "kind": said.kind, **click._asdict()}
    before = _one(connection, "latest", asked) or {}
    value = standing_after(before["value"] or NONE, said, pressed=via == BUTTON)
    if before["known"] or value is None:
        return Clicked(alert["ref_id"], ignored="known" if before["known"] else "nothing new")
    latency = latency_ms(Outbox(connection).sent_at(alert["message_key"]), click.ts)
    _record(tape, click, alert, REACTION if via == REACTION else said.kind, value, latency)
    row = {
        **alert,
        **asked,
        "bias": alert["side"],
        "value": value,
        "via": via,
        "latency_to_click_ms": latency,
    }
    connection.execute(_SQL["add"], row)
    show(connection, alert["ref_id"])
    return Clicked(alert["ref_id"], value)


def _record(
    tape: Tape, click: Click, alert: dict[str, Any], kind: str, value: str, latency: int | None
) -> None:
    """Before it is committed: done again, it is the same record."""
    tape.record(
        FeedbackClick.EVENT,
        id=str(uuid.uuid5(_CLICKS, str(click.update_id))),
        timestamp=click.ts,
        ref_id=alert["ref_id"],
        signal_id=alert["signal_id"],
        chat_id=click.chat_id,
        user_id=click.user_id,
        kind=kind,
        value=value,
        latency_to_click_ms=latency,
    )


def _one(connection: Connection, name: str, asked: dict[str, Any]) -> dict[str, Any] | None:
    rows = rows_as_dicts(connection, _SQL[name], asked)
    return rows[0] if rows else None
