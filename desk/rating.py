"""Judgements of alerts: found by reference or message, handed to the feedback."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from desk.acting import Acting
from sink.db import rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "alerts.sql")


class Standing(Struct, frozen=True):
    """An alert that stands in the chat where it was judged."""

    ref_id: str
    category: str
    expires_at: datetime


def standing(acting: Acting, ref: str) -> Standing | None:
    """The alert of this reference, if it stands in this chat."""
    asked = {"ref_id": ref, "chat_id": acting.heard.chat_id}
    rows = rows_as_dicts(acting.connection, _SQL["of_ref"], asked)
    return Standing(**rows[0]) if rows else None
