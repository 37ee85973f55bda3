"""What is said of an alert now, as its buttons show it in each chat."""

from __future__ import annotations

from pathlib import Path

from desk.alerts.clicks import Clicks
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "feedback.sql")


def clicks_by_chat(connection: Connection, ref_id: str) -> dict[str, Clicks]:
    """For each chat in which the alert stands: who says what, wherever they clicked, and the chat's snooze.

    Raises psycopg.Error.
    """
    rows = rows_as_dicts(connection, _SQL["standing"], {"ref_id": ref_id})
    return {row.pop("chat_id"): Clicks(**row) for row in rows}
