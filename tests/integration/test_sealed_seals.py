"""The seals themselves: whatever is altered of them is found, and what a server does to its tables is not altering."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sink.db import Connection
from sink.sealing.verifying import verify
from tests.support.sealing import FIRST, arrive, intact, noon, seal_all, sealed_days

SECOND = FIRST + timedelta(days=1)
OF_SEALS = {
    "fewer rows": ("UPDATE signal_event_days SET n = n - 1 WHERE day = %(day)s", "seal"),
    "other late ones": ("UPDATE signal_event_days SET late = 1 WHERE day = %(day)s", "seal"),
    "another digest of rows": (
        "UPDATE signal_event_days SET rows_digest = sha256('x') WHERE day = %(day)s",
        "seal",
    ),
    "another digest of names": (
        "UPDATE signal_event_days SET names_digest = sha256('x') WHERE day = %(day)s",
        "seal",
    ),
    "more purges": ("UPDATE signal_event_days SET purges = 7 WHERE day = %(day)s", "seal"),
    "another one before": (
        "UPDATE signal_event_days SET prev_digest = sha256('x') WHERE day = %(day)s",
        "chain",
    ),
    "the first day gone": ("DELETE FROM signal_event_days WHERE day < %(day)s", "first"),
    "its names gone": ("DELETE FROM signal_event_names WHERE day = %(day)s", "list"),
    "its names late": ("UPDATE signal_event_names SET late = TRUE WHERE day = %(day)s", "list"),
    "its names of other times": (
        "UPDATE signal_event_names SET last_us = last_us + 1 WHERE day = %(day)s",
        "list",
    ),
    "its names of other events": (
        "UPDATE signal_event_names SET events = array_append(events, 'x') WHERE day = %(day)s",
        "list",
    ),
    "half its names": (
        "UPDATE signal_event_names SET names = substr(names, 1, 56) WHERE day = %(day)s",
        "list",
    ),
    "its names in another order": (
        "UPDATE signal_event_names SET names = substr(names, 29) || substr(names, 1, 28) WHERE day = %(day)s",
        "list",
    ),
    "events that are none": (
        "UPDATE signal_event_names SET events = '{}' WHERE day = %(day)s",
        "list",
    ),
}


@pytest.mark.parametrize("what", OF_SEALS)
def test_whatever_is_altered_of_a_seal_is_found(connection: Connection, what: str) -> None:
    sealed_days(connection)
    statement, says = OF_SEALS[what]
    connection.execute(statement.encode(), {"day": SECOND})
    assert (SECOND, says) in {(one.day, one.what) for one in verify(connection).altered}


@pytest.mark.parametrize("column", ["n", "late", "purges"])
def test_a_seal_of_late_rows_that_is_altered_beside_a_purge_is_found(
    connection: Connection, column: str
) -> None:
    ids = sealed_days(connection)[1]
    connection.execute("DELETE FROM signal_event_days WHERE day > %s", (SECOND,))
    connection.execute("DELETE FROM signal_event_names WHERE day > %s", (SECOND,))
    arrive(connection, noon(0), 1)
    seal_all(connection)
    assert intact(connection).late == 4
    connection.execute(
        f"UPDATE signal_event_days SET {column} = {column} + 1 WHERE day = %s".encode(), (SECOND,)
    )
    assert not verify(connection).intact
    assert ids


@pytest.mark.parametrize(
    "statement",
    [
        "VACUUM FULL signal_events",
        "CLUSTER signal_events USING signal_events_pkey",
        "REINDEX TABLE signal_events",
        "VACUUM FULL signal_event_names",
        "ANALYZE",
    ],
)
def test_what_a_server_does_to_its_tables_alters_nothing(connection: Connection, statement: str) -> None:
    sealed_days(connection)
    connection.execute(statement.encode())
    assert intact(connection).rows == 24
