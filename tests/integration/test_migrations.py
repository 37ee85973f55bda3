"""Migrations: numbered, once each, from one process at a time."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

import sink
from deploy.embedded.binaries import postgres_bin
from deploy.embedded.servers import Urls
from signaltape import Secret
from sink.admin import migrate as migrations
from sink.admin.errors import MigrationError
from sink.db import Connection, connect
from sink.write.writer import BatchWriter
from tests.integration.conftest import Runner
from tests.support.entries import life
from tests.support.samples import LAYERS, new_id
from tests.support.waiting import LONGEST_S, ended

SCHEMA = Path(sink.__file__).parent / "schema.sql"


@pytest.fixture
def empty(servers: Urls) -> Secret:
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS empty WITH (FORCE)")
        admin.execute("CREATE DATABASE empty")
    return Secret(servers.database.replace("@/postgres?", "@/empty?"))


def test_running_twice_applies_nothing_the_second_time(empty: Secret) -> None:
    with connect(empty) as connection:
        assert [step.number for step in migrations.migrate(connection)] == [
            step.number for step in migrations.migrations()
        ]
        assert migrations.migrate(connection) == []
        assert migrations.pending(connection) == []


def test_two_processes_may_migrate_at_once(empty: Secret) -> None:
    applied: list[int] = []

    def work() -> None:
        with connect(empty) as connection:
            applied.extend(step.number for step in migrations.migrate(connection))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert sorted(applied) == [step.number for step in migrations.migrations()]


def test_a_newer_database_is_refused_in_words(connection: Connection) -> None:
    connection.execute("INSERT INTO schema_migrations VALUES (9999, 'future', 'x')")
    with pytest.raises(MigrationError, match="9999_future, which this program does not know"):
        migrations.migrate(connection)


def test_a_changed_migration_is_refused(connection: Connection) -> None:
    connection.execute("UPDATE schema_migrations SET checksum = 'other' WHERE number = 1")
    with pytest.raises(MigrationError, match="0001_events was applied in another form"):
        migrations.migrate(connection)


def test_all_migrations_together_are_the_committed_schema(database: Secret) -> None:
    """`UPDATE_SCHEMA=1 pytest …` writes the file anew after a migration was added."""
    dumped = subprocess.run(
        [
            str(postgres_bin() / "pg_dump"),
            *("--schema-only", "--no-owner", "--no-privileges", "-d", database.reveal()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST_S,
    ).stdout
    lines = [line for line in dumped.splitlines() if line and not re.match(r"--|SET |SELECT pg_|\\", line)]
    found = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE_SCHEMA"):
        SCHEMA.write_text(found)
    assert SCHEMA.read_text() == found


def test_layers_of_signals_that_are_already_there_become_rows(connection: Connection) -> None:
    BatchWriter(connection).write(life(new_id(), layers=LAYERS) + life(new_id()))
    query = b"SELECT layer, matched, weight, value FROM signal_layers ORDER BY layer"
    written = connection.execute(query).fetchall()
    connection.execute("DROP TABLE signal_layers")
    connection.execute((Path(sink.__file__).parent / "migrations/0004_layers.sql").read_bytes())
    assert connection.execute(query).fetchall() == written
    assert len(written) == len(LAYERS)


def test_the_command_says_what_it_did(runner: Runner) -> None:
    assert runner.run_anew("sink", "migrate")[:2] == (0, "schema is up to date\n")
    code, out, _ = runner.run("sink", "check")
    assert code == 0
    assert "all tables agree" in out
