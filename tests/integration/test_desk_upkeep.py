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


#: cancelled, ended, expires, where the ghost stands and since when; and whether it is kept.
_ASKED = {
    "ended": ("order", None, OLD, OLD, None, False),
    "cancelled": ("order", OLD, None, OLD, None, False),
    "unheard of": ("order", None, None, OLD, None, False),
    "still open": ("order", None, None, OLD, "open", True),
    "leaving": ("order", OLD, None, OLD, "open", True),
    "ended of late": ("order", None, YOUNG, YOUNG, None, True),
    "may be asked for again": ("order", OLD, None, YOUNG, None, True),
    "line that ran out": ("line", None, None, OLD, None, False),
    "line taken off": ("line", OLD, None, None, None, False),
    "line that may ring": ("line", None, None, None, "set", True),
    "line that rang unheard": ("line", None, None, None, "rung", False),
}


def test_what_was_asked_of_ghosts_is_forgotten_once_it_is_over(connection: Connection) -> None:
    for number, (name, (kind, cancelled, ended, expires, status, _)) in enumerate(_ASKED.items(), 1):
        price, direction = (1, "above") if kind == "line" else (None, None)
        connection.execute(
            "INSERT INTO desk_ghosts (id, kind, user_id, by_user, chat_id, symbol, price, direction, update_id,"
            " asked_at, cancelled_at, became, ended_at, expires_at)"
            " VALUES (%s, %s, 1, 'ana', '1', 'SOL', %s, %s, 1, %s, %s, %s, %s, %s)",
            (name, kind, price, direction, OLD, cancelled, ended and "closed", ended, expires),
        )
        if status == "open":
            connection.execute(
                "INSERT INTO ghost_orders (order_id, number, symbol, side, source, tracked, plan, state, status,"
                " published_at, updated_at) VALUES (%s, %s, 'SOL', 'long', 'clicked', false, '{}', '', 'open', %s, %s)",
                (name, number, OLD, OLD),
            )
        elif status is not None:
            rung, state = (OLD, None) if status == "rung" else (None, b"")
            connection.execute(
                "INSERT INTO ghost_lines (line_id, number, symbol, price, direction, state, status, set_at,"
                " ended_at, rung_at) VALUES (%s, %s, 'SOL', 1, 'above', %s, %s, %s, %s, %s)",
                (name, number, state, status, OLD, rung, rung),
            )
    prune(connection, NOW)
    kept = {row[0] for row in connection.execute("SELECT id FROM desk_ghosts").fetchall()}
    assert kept == {name for name, (*_, is_kept) in _ASKED.items() if is_kept}
