"""Questions before an act: kept with who was asked and until when, answered once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from desk.acting import ANSWER_LIFE, Acting, Outcome, answer_key, say_line
from desk.callbacks import confirmation
from outbox.keyboard import Button
from outbox.text import Text
from outbox.wording import moment
from sink.db import rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "confirmations.sql")
#: A question before an act that was just asked for.
ASKED_FOR = timedelta(seconds=30)
#: One about what came late: who sent it may have put the phone away.
ASKED_LATE = timedelta(minutes=5)
_ID_BYTES = 12


class Question(Struct, frozen=True):
    """A question that was asked. detail: what is to be done on yes, and `question`, as it was put."""

    act: str
    user_id: int
    chat_id: str
    update_id: int
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    detail: dict[str, Any]


def ask(acting: Acting, act: str, question: str, lasts: timedelta, detail: Mapping[str, Any]) -> Outcome:
    """Ask who sent this update, with buttons for yes and no."""
    identifier = secrets.token_urlsafe(_ID_BYTES)
    acting.connection.execute(
        _SQL["ask"],
        {
            "id": identifier,
            "act": act,
            "user_id": acting.heard.user_id,
            "chat_id": acting.heard.chat_id,
            "update_id": acting.heard.update_id,
            "made_at": acting.now,
            "expires_at": acting.now + lasts,
            "detail": msgspec.json.encode({**detail, "question": question}).decode(),
        },
    )
    buttons = [
        Button("Yes", confirmation(identifier, yes=True)),
        Button("No", confirmation(identifier, yes=False)),
    ]
    say_line(acting, question, [buttons])
    return Outcome("asked", question)


def found(acting: Acting, identifier: str) -> Question | None:
    """The question of this id; its row is locked."""
    rows = rows_as_dicts(acting.connection, _SQL["find"], {"id": identifier})
    return Question(**rows[0]) if rows else None


def until(acting: Acting, question: Question) -> datetime:
    """Until when it may be answered: so long after it stood in its chat, where that is known. It may have waited
    behind other messages."""
    lasts = question.expires_at - question.made_at
    return (acting.outbox.sent_at(answer_key(question.update_id)) or question.made_at) + lasts


def use(acting: Acting, identifier: str, question: Question, word: str) -> None:
    """It is answered: its message says so and loses its buttons."""
    acting.connection.execute(_SQL["use"], {"id": identifier, "at": acting.now})
    said = f"{question.detail['question']}\n→ {word}, {moment(acting.received_at, acting.now)}"
    acting.outbox.edit(answer_key(question.update_id), Text(said), not_after=acting.now + ANSWER_LIFE)
