"""What was stored before records were partitioned by their ids is carried over, a day at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

import sink.write.writer
from deploy.embedded.servers import Urls
from signaltape import Secret
from sink import counters
from sink.admin import carry_over as moving
from sink.admin import migrate as migrations
from sink.db import Connection, connect
from sink.write.writer import BatchWriter
from tests.support.kept import entry, records, uuid7

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)


@pytest.fixture
def before(servers: Urls) -> Secret:
    """A database as it was up to migration 0008."""
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS before WITH (FORCE)")
        admin.execute("CREATE DATABASE before")
    url = Secret(servers.database.replace("@/postgres?", "@/before?"))
    with connect(url) as connection, connection.transaction():
        connection.execute(migrations._SQL["create_ledger"])
        for step in migrations.migrations():
            if step.number <= 8:
                connection.execute(step.sql)
                connection.execute(migrations._SQL["record"], (step.number, step.name, step.checksum))
    return url


def rows(connection: Connection) -> list[Any]:
    return connection.execute(
        "SELECT record_id::text, ts, payload->>'n' FROM records ORDER BY 1, 2"
    ).fetchall()


@patch.object(sink.write.writer, "add", lambda _cursor, _done: None)  # nothing was counted then
def fill(connection: Connection, days: int) -> list[Any]:
    """A market record and another one for each day, and one id on several days, with two contents."""
    connection.execute(
        "SELECT ensure_record_partitions(%s)", ([date(2022, 1, 17) + timedelta(days=n) for n in range(days)],)
    )
    BatchWriter(connection).write(
        [], (), records(
            entry(kind, uuid7(NOON), at=NOON, timestamp=(NOON + timedelta(days=n)).isoformat())
            for n in range(days) for kind in ("market_trade", "state_event")
        ),
    )  # fmt: skip
    stored = rows(connection)
    one = uuid7(NOON)
    BatchWriter(connection).write(
        [], (), records(
            entry("state_event", one, at=NOON + timedelta(days=n), n=n // 2) for n in range(4)
        ),
    )  # fmt: skip
    return sorted([*stored, (one, NOON, "0")])


def test_records_are_carried_over_once_and_contradictions_are_kept(before: Secret) -> None:
    with connect(before) as connection:
        expected = fill(connection, 10)
        migrations.migrate(connection)
        assert rows(connection) == expected
        aside = connection.execute("SELECT payload->>'n', signal_id FROM event_conflicts").fetchall()
        assert aside == [("1", None)]
        left = connection.execute("SELECT relname FROM pg_class WHERE relname LIKE '%by_time%'").fetchall()
        assert left == []
        assert not counters.differences(connection)
        assert migrations.migrate(connection) == []


def test_a_carrying_over_that_was_interrupted_is_finished_by_the_next_call(
    before: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(before) as connection:
        expected = fill(connection, 6)
        with monkeypatch.context() as patched:
            patched.setattr(migrations, "carry_over", lambda _connection: None)
            migrations.migrate(connection)
        for _ in range(3):
            assert moving._carry_one(connection)
        late = records([entry("market_trade", uuid7(NOON), at=NOON)])
        BatchWriter(connection).write([], (), late)  # the worker may write meanwhile
        assert migrations.migrate(connection) == []
        assert len(rows(connection)) == len(expected) + 1
        assert set(rows(connection)) > set(expected)
