"""Every session is as this program needs it, whatever a role, a database or the environment says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

import sink.db
from consumer.accepted import Outcome
from deploy.embedded.servers import Urls
from signaltape import Secret
from sink.admin.migrate import migrate
from sink.admin.rebuild import rebuild
from sink.admin.retention import drop_partitions
from sink.db import Connection, connect
from sink.history import stored
from sink.write.writer import BatchWriter
from tests.integration.conftest import ROOT, Runner
from tests.support.entries import NOON, accepted, life
from tests.support.kept import entry, records, uuid7
from tests.support.samples import closed, new_id, published

#: What an administrator may have set for a role, each enough to store, read or refuse something wrongly.
ODD = {
    "client_encoding": "LATIN1",
    "datestyle": "SQL, DMY",
    "intervalstyle": "iso_8601",
    "timezone": "America/New_York",
    "search_path": "elsewhere",
    "statement_timeout": "100",
    "lock_timeout": "100",
    "idle_in_transaction_session_timeout": "100",
    "idle_session_timeout": "100",
    "transaction_timeout": "100",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "synchronous_commit": "off",
}


@pytest.fixture
def odd(database: Secret) -> Iterator[Secret]:
    """A database where all of these are set."""
    with connect(database) as plain:
        name = plain.info.dbname
        for setting, value in ODD.items():
            plain.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'".encode())
    yield database


def live(connection: Connection) -> None:
    """All that a worker does, with text that only UTF-8 holds; and reading it back."""
    writer, signal_id, now = BatchWriter(connection), new_id(), datetime.now(UTC)
    mood = "café 🚀 \\ '"
    events = [*life(signal_id, mood=mood), accepted("signal_published", published(symbol="Ł-€"))]
    batch = records([entry("state_event", uuid7(now), at=now, mood=mood)])
    assert writer.write(events, (), batch) == Outcome(stored=6)
    assert writer.write(events, (), batch) == Outcome(duplicates=6)
    contrary = accepted("signal_closed", closed(signal_id, rr_realized=Decimal("-1.5"), mood=mood))
    assert writer.write([contrary]) == Outcome(conflicts=1)
    found = connection.execute(
        "SELECT payload->>'mood', ts FROM signal_events WHERE signal_id = %s AND event = 'signal_closed'"
        " UNION ALL SELECT payload->>'mood', ts FROM event_conflicts"
        " UNION ALL SELECT payload->>'mood', %s FROM records",
        (signal_id, NOON),
    ).fetchall()
    assert found == [(mood, NOON)] * 3
    assert connection.execute("SELECT symbol FROM signals ORDER BY symbol DESC").fetchone() == ("Ł-€",)
    with connection.transaction():
        connection.execute("SELECT pg_sleep(0.15)")
    assert rebuild(connection) == 5
    assert drop_partitions(connection, dict.fromkeys(("market", "events"), now)) == []


def test_every_session_is_opened_in_one_place() -> None:
    rooms = ("sink", "consumer", "worker", "replay", "outbox", "reports", "deploy")
    opens = [
        path.relative_to(ROOT)
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if "psycopg.connect(" in path.read_text()
    ]
    assert opens == [Path("sink/db.py")]


def test_nothing_that_is_set_for_a_role_or_database_matters(odd: Secret) -> None:
    with connect(odd) as connection:
        live(connection)


def test_a_timeout_that_cuts_off_what_lifts_it_is_lifted_all_the_same(
    database: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a few milliseconds may pass before the first statement of a session is done."""
    with connect(database) as connection:
        connection.execute("CREATE SEQUENCE tries")
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET statement_timeout = '50ms'".encode())
    slow_twice = b"""
        SELECT pg_sleep(CASE WHEN nextval('tries') <= 2 THEN 30 ELSE 0 END), set_config('statement_timeout', '0', false)
    """
    monkeypatch.setitem(sink.db._SQL, "no_hurry", slow_twice)
    with connect(database) as connection:
        assert connection.execute("SELECT last_value FROM tries").fetchone() == (3,)
        live(connection)


def test_nothing_in_the_environment_matters(database: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    options = (f"-c {name}={value.replace(' ', '')}" for name, value in ODD.items())
    monkeypatch.setenv("PGOPTIONS", " ".join(options))
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    monkeypatch.setenv("PGTZ", "America/New_York")
    monkeypatch.setenv("PGDATESTYLE", "German")
    with connect(database) as connection:
        live(connection)


def test_every_setting_is_ours(odd: Secret) -> None:
    names = sorted(ODD)
    with psycopg.connect(odd.reveal(), options="-c statement_timeout=0 -c transaction_timeout=0") as plain:
        theirs = {name: plain.execute(f"SHOW {name}".encode()).fetchone() for name in names}
    with connect(odd) as connection:
        ours = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in names}
    timeouts = {"statement_timeout", "transaction_timeout"}
    same = {name for name in names if ours[name] == theirs[name]} - timeouts
    assert not same
    assert {ours[name] for name in timeouts} == {("0",)}


def test_the_server_looks_whether_a_silent_client_is_still_there(connection: Connection) -> None:
    """On a Unix socket these have no effect, and are shown as 0: a client there cannot vanish without a word."""
    found = connection.execute(
        "SELECT name FROM pg_settings WHERE source = 'session' AND name LIKE 'tcp%' ORDER BY name"
    ).fetchall()
    names = ("tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout")
    assert found == [(name,) for name in names]


def test_a_url_may_say_where_the_tables_are(database: Secret, connection: Connection) -> None:
    connection.execute("CREATE SCHEMA tape")
    elsewhere = Secret(f"{database.reveal()}&options=-csearch_path%3Dtape")
    with connect(elsewhere) as own:
        assert own.execute("SELECT current_schema()").fetchone() == ("tape",)


def test_tables_that_a_role_has_elsewhere_are_found_there(servers: Urls) -> None:
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS elsewhere WITH (FORCE)")
        admin.execute("CREATE DATABASE elsewhere")
    url = servers.database.replace("@/postgres?", "@/elsewhere?")
    with psycopg.connect(url, autocommit=True) as plain:
        plain.execute("CREATE SCHEMA tape")
        plain.execute("ALTER DATABASE elsewhere SET search_path = tape")
    with connect(Secret(f"{url}&options=-csearch_path%3Dtape")) as connection:
        migrate(connection)
    with connect(Secret(url)) as connection:
        assert migrate(connection) == []
        assert connection.execute("SELECT current_schema()").fetchone() == ("tape",)


@pytest.fixture
def latin(servers: Urls) -> Secret:
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS latin WITH (FORCE)")
        admin.execute(
            "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C' LOCALE_PROVIDER libc"
        )
    return Secret(servers.database.replace("@/postgres?", "@/latin?"))


def test_a_database_that_does_not_hold_utf8_is_refused_in_one_line(latin: Secret, runner: Runner) -> None:
    code, _, err = runner.run("sink", "migrate", DATABASE_URL=latin.reveal())
    assert code == 1
    assert err == (
        "Error: Postgres: the database latin holds LATIN1, not UTF8: make another one by "
        "CREATE DATABASE signaltape ENCODING 'UTF8' TEMPLATE template0, and name it in DATABASE_URL\n"
    )


def test_an_event_of_nearly_a_megabyte_is_rebuilt_and_read_back(connection: Connection) -> None:
    """As text of jsonb it is half as long again: `[1, 1, …]`."""
    long = accepted("signal_closed", closed(much=[1] * 450_000))
    assert len(long.payload) > 900_000
    short = accepted("signal_closed", closed())
    BatchWriter(connection).write([long, short])
    assert rebuild(connection) == 2
    assert connection.execute("SELECT count(*) FROM signal_closures").fetchone() == (2,)
    sizes = sorted(len(payload) for *_, payload in stored(connection, NOON, NOON.replace(hour=23)))
    assert sizes[1] == len(long.payload)


def test_a_report_that_began_before_a_rebuild_still_finds_its_rows(
    connection: Connection, database: Secret
) -> None:
    BatchWriter(connection).write(life(new_id()))
    with connect(database) as reader, reader.transaction():
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert reader.execute("SELECT count(*) FROM signals").fetchone() == (1,)
        connection.execute("SET lock_timeout = '5s'")
        rebuild(connection)
        assert reader.execute("SELECT count(*) FROM signal_closures").fetchone() == (1,)
