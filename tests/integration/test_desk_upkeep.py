"""What is old is forgotten after 90 days; what still waits never is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from desk.upkeep import KEPT, prune
from sink.db import Connection

NOW = datetime(2022, 4, 20, tzinfo=UTC)
OLD, YOUNG = NOW - KEPT - timedelta(days=1), NOW - KEPT + timedelta(days=1)


def test_what_is_old_is_forgotten_but_nothing_that_waits(connection: Connection) -> None:
    for number, (at, state) in enumerate([(OLD, "done"), (OLD, "waiting"), (YOUNG, "ignored")]):
        done_at = None if state == "waiting" else at
        connection.execute(
            "INSERT INTO desk_updates (update_id, update, acts, received_at, state, done_at)"
            " VALUES (%s, '{}', true, %s, %s, %s)",
            (number, at, state, done_at),
        )
        connection.execute(
            "INSERT INTO desk_confirmations (id, act, user_id, chat_id, update_id, made_at, expires_at, detail)"
            " VALUES (%s, 'panic', 1, '1', 1, %s, %s, '{}')",
            (f"question{number:010d}", at, at),
        )
    for at in (OLD, YOUNG):
        connection.execute(
            "INSERT INTO desk_refused (day, reason, n) VALUES (%s, 'stranger', 1)", (at.date(),)
        )
    prune(connection, NOW)
    assert connection.execute("SELECT array_agg(update_id ORDER BY 1) FROM desk_updates").fetchone() == (
        [1, 2],
    )
    assert connection.execute("SELECT count(*) FROM desk_confirmations").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM desk_refused").fetchone() == (1,)
