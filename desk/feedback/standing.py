"""What is said of an alert now, as its buttons show it in each chat."""

from __future__ import annotations

from pathlib import Path

from desk.alerts.clicks import Clicks
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "feedback.sql")


def clicks_in(connection: Connection, ref_id: str, chat_id: str) -> Clicks:
    """Who says what of it, wherever they clicked, and the chat's snooze: for `Around`. Raises psycopg.Error."""
    return Clicks(**rows_as_dicts(connection, _SQL["standing"], {"ref_id": ref_id, "chat_id": chat_id})[0])
