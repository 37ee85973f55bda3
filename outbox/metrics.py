"""What any process that sends can measure of the outbox: messages by state, and what is overdue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signaltape.measures import Measure, one
from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "metrics.sql")
_STATES = ("queued", "sending", "sent", "uncertain", "failed", "expired")


def outbox_measures(connection: Connection) -> Iterator[Measure]:
    """Over all senders: each says the same. Raises psycopg.Error."""
    found: dict[str, int] = dict(connection.execute(_SQL["states"]).fetchall())
    values = {state: found.get(state, 0) for state in _STATES}
    yield Measure("signaltape_outbox_messages", "Messages by state", values, label="state")
    (overdue_s,) = connection.execute(_SQL["overdue"]).fetchall()[0]
    yield one(
        "signaltape_outbox_overdue_seconds", "How long the oldest message is due and not sent", overdue_s
    )
