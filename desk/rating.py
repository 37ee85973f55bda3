"""Judgements of alerts: found by reference or message, handed to the feedback."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from desk.acting import Acting, Outcome
from desk.feedback.clicks import Click, Clicked, press, react
from sink.db import rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "alerts.sql")


class Standing(Struct, frozen=True):
    """An alert that stands in the chat where it was judged."""

    ref_id: str
    category: str
    expires_at: datetime


def standing(acting: Acting, ref: str) -> Standing | None:
    """The alert of this reference, if it stands in this chat, whatever that was called before it moved."""
    asked = {"ref_id": ref, "chat_ids": acting.outbox.ids_of(acting.heard.chat_id)}
    rows = rows_as_dicts(acting.connection, _SQL["of_ref"], asked)
    return Standing(**rows[0]) if rows else None


def judge(acting: Acting, alert: Standing, word: str) -> Outcome:
    """A press on an alert: every one is kept, the last one counts."""
    at = acting.at
    return _outcome(press(acting.connection, at.show, _click(acting), alert.ref_id, word))


def react_to(acting: Acting) -> Outcome:
    """A reaction to a message: thumbs on alerts count as their buttons do."""
    at, heard = acting.at, acting.heard
    return _outcome(
        react(
            acting.connection,
            at.show,
            _click(acting),
            heard.message_id or 0,
            heard.gained,
            heard.lost,
        )
    )


def _click(acting: Acting) -> Click:
    heard = acting.heard
    return Click(heard.update_id, heard.user_id, heard.chat_id, heard.sent_at or acting.received_at)


def _outcome(clicked: Clicked) -> Outcome:
    if clicked.ignored is not None:
        return Outcome("ignored", clicked.ignored)
    return Outcome("done", f"{clicked.value} on {clicked.ref_id}")
