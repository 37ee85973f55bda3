"""Figures of Postgres: letters, messages that wait, failed or are in doubt, how fast alerts come, clock, backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from guard.checks.tape import apart_ms
from guard.model.findings import Checked
from sink.db import Connection
from sink.queries import load

SQL = load(Path(__file__).parents[1] / "sql" / "checks.sql")


def letters(connection: Connection) -> Iterator[Checked]:
    """Dead letters of late. Raises DatabaseError."""
    yield Checked("dead_letters_new", "dead letters", _one(connection, "dead_letters") or 0.0)


def messages(connection: Connection) -> Iterator[Checked]:
    """Messages in doubt, refused and overdue, and how long alerts take. Raises DatabaseError."""
    row = connection.execute(SQL["outbox"], {}).fetchone()
    assert row is not None
    yield Checked("outbox_uncertain", "outbox", row[0])
    yield Checked("outbox_overdue_s", "outbox", row[1])
    yield Checked("outbox_failed", "outbox", _one(connection, "failed") or 0.0)
    delivery_s = _one(connection, "delivery")
    if delivery_s is not None:
        yield Checked("delivery_lag_s", "alerts", delivery_s)


def clock(connection: Connection, now_s: Callable[[], float]) -> Iterator[Checked]:
    """How far its clock is from ours, but for what the question took. now_s: ours, in seconds since 1970."""
    before = now_s()
    there = _one(connection, "clock")
    assert there is not None
    yield Checked("clock_skew_ms", "postgres", apart_ms(before, there, now_s()))


def backup(connection: Connection) -> Iterator[Checked]:
    """How old the last backup is that somebody stamped. Raises DatabaseError."""
    hours = _one(connection, "backup")
    if hours is not None:
        yield Checked("backup_age_h", "postgres", hours)


def _one(connection: Connection, name: str) -> float | None:
    row = connection.execute(SQL[name], {}).fetchone()
    return None if row is None or row[0] is None else float(row[0])
