"""The desk's records: kept for a year beside days that go after a month, each id once, archived and replayed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from consumer.accepted import Outcome
from deploy.embedded.servers import Urls
from replay.archive.keeping import keep_of
from replay.archive.retention import apply
from replay.sessions.sources import Span
from signaltape import Emitter, Secret, Settings
from signaltape.clock import WIB
from signaltape.replay import ReplayFeed
from sink.admin import migrate as migrating
from sink.admin.retention import drop_partitions
from sink.db import Connection, connect
from sink.write.copying import copy_block
from sink.write.record_rows import RECORD_COLUMNS, make_record_block
from sink.write.writer import BatchWriter
from tests.integration.archiving import NOON, archive, at, batch, names
from tests.integration.conftest import Runner
from tests.integration.replaying import HOUR, session
from tests.support.kept import add_partition, entry, records, uuid7
from tests.support.records import RECORD_SAMPLES

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
DESK = ("alert", "alert_decision", "feedback_click", "operator_act", "system_alert")


def there(connection: Connection, table: str = "records") -> list[tuple[str, str]]:
    found = connection.execute(f"SELECT class, event FROM {table} ORDER BY 1, 2".encode())
    return [(group, event) for group, event in found.fetchall()]


def test_a_day_of_the_engine_goes_whole_and_what_the_desk_did_on_it_stays(connection: Connection) -> None:
    then = NOW - 40 * DAY
    name = add_partition(connection, "records_engine", then.astimezone(WIB).date())
    both = [entry(kind, uuid7(then), at=then, timestamp=then.isoformat()) for kind in ("order_log", *DESK)]
    assert BatchWriter(connection).write([], (), records(both)) == Outcome(stored=6)
    limits = dict.fromkeys(("events", "trades", "orders", "snapshots"), NOW - 30 * DAY)
    limits |= {"market": NOW - DAY, "desk": NOW - 365 * DAY}
    assert drop_partitions(connection, limits) == [name]
    assert there(connection) == [("desk", kind) for kind in DESK]


def test_what_the_desk_did_goes_after_its_own_time(connection: Connection) -> None:
    several = [
        entry("alert", one, at=NOW, timestamp=(NOW - age * DAY).isoformat(), title=str(age))
        for age in (0, 364, 366, 800)
        for one in (uuid7(NOW - age * DAY), str(uuid.uuid5(uuid.NAMESPACE_DNS, f"alert {age}")))
    ]
    BatchWriter(connection).write([], (), records(several))
    limits = dict.fromkeys(("events", "market"), NOW) | {"desk": NOW - 365 * DAY}
    assert drop_partitions(connection, limits, dry_run=True) == []
    assert len(there(connection)) == 8
    assert drop_partitions(connection, limits) == []
    kept = connection.execute("SELECT payload->>'title' FROM records ORDER BY ts").fetchall()
    assert kept == [("364",), ("364",), ("0",), ("0",)]


def test_an_id_is_one_record_of_the_desk_one_of_the_market_and_one_of_the_rest(
    connection: Connection,
) -> None:
    writer, one = BatchWriter(connection), uuid7(NOW)
    kinds = ("market_trade", "alert", "order_log")
    for expected in (Outcome(stored=3), Outcome(duplicates=3)):
        assert writer.write([], (), records(entry(kind, one, at=NOW) for kind in kinds)) == expected
    other = [entry("alert", one, at=NOW, title="other"), entry("operator_act", one, at=NOW)]
    assert writer.write([], (), records(other)) == Outcome(conflicts=2)
    assert writer.write([], (), records(other)) == Outcome(conflicts=2)
    assert there(connection) == [("desk", "alert"), ("market", "market_trade"), ("orders", "order_log")]
    aside = connection.execute("SELECT event, payload->>'title' FROM event_conflicts ORDER BY 1").fetchall()
    assert aside == [("alert", "other"), ("operator_act", None)]


@pytest.fixture
def weak(database: Secret, connection: Connection) -> Iterator[Secret]:
    """A role whose rights are older than the desk's partition: it may use `records` and what lay below it then."""
    connection.execute("CREATE ROLE older LOGIN")
    connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO older")
    connection.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO older")
    connection.execute("REVOKE ALL ON records_desk FROM older")
    yield Secret(database.reveal().replace("signaltape@", "older@"))
    connection.execute("DROP OWNED BY older")
    connection.execute("DROP ROLE older")


def test_a_worker_whose_rights_are_older_writes_the_desks_records_too(weak: Secret) -> None:
    one = uuid7(NOW)
    with connect(weak) as own:
        writer = BatchWriter(own)
        assert writer.write([], (), records([entry("alert", one, at=NOW)])) == Outcome(stored=1)
        again = records([entry("alert", one, at=NOW), entry("alert", one, at=NOW, title="other")])
        assert writer.write([], (), again) == Outcome(duplicates=1, conflicts=1)


@pytest.fixture
def before(servers: Urls) -> Secret:
    """A database as it was up to migration 0027."""
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS before_desk WITH (FORCE)")
        admin.execute("CREATE DATABASE before_desk")
    url = Secret(servers.database.replace("@/postgres?", "@/before_desk?"))
    with connect(url) as own, own.transaction():
        own.execute(migrating._SQL["create_ledger"])
        for step in migrating.migrations():
            if step.number < 28:
                own.execute(step.sql)
                own.execute(migrating._SQL["record"], (step.number, step.name, step.checksum))
    return url


def test_what_a_worker_stored_before_the_migration_is_taken_along(before: Secret) -> None:
    ids = (uuid7(NOW), str(uuid.uuid4()), uuid7(NOW - 800 * DAY))
    with connect(before) as own:
        own.execute("SELECT ensure_record_partitions(%s)", ([NOW.astimezone(WIB).date()],))
        batch_of = [
            entry(kind, one, at=NOW)
            for one, kind in zip(ids, ("alert", "alert", "operator_act"), strict=True)
        ]
        stored = records([*batch_of, entry("order_log", uuid7(NOW), at=NOW)])
        copy_block(own.cursor(), "records", RECORD_COLUMNS, make_record_block(stored).data)
        assert len(there(own, "records_engine")) == 4
        was = own.execute("SELECT * FROM records ORDER BY record_id").fetchall()
        migrating.migrate(own)
        assert own.execute("SELECT * FROM records ORDER BY record_id").fetchall() == was
        assert there(own, "records_desk") == [("desk", "alert"), ("desk", "alert"), ("desk", "operator_act")]
        assert there(own, "records_engine") == [("orders", "order_log")]


def test_the_archive_keeps_a_day_of_the_desk_for_a_year(tmp_path: Path) -> None:
    with archive(tmp_path) as target:
        target.write(batch(*(at(kind, NOON) for kind in (*DESK, "order_log"))))
    for late, kept in ((364 * DAY, ["day-2022-01-17.jsonl.zst"]), (367 * DAY, [])):
        report = apply(tmp_path, keep_of(Settings()), NOON + late)
        assert not report.errors
        assert names(tmp_path, "desk") == kept
        assert names(tmp_path, "orders") == []
    summary = tmp_path / "data" / "summaries" / "desk" / "day-2022-01-17.json"
    assert '"ALERT":1' in summary.read_text().replace(" ", "")


def test_a_session_holds_the_desks_records_and_an_engine_is_fed_with_them(tmp_path: Path) -> None:
    with archive(tmp_path) as target:
        target.write(batch(*(at(kind, NOON) for kind in (*DESK, "order_log"))))
    manifest, folder = session(tmp_path, Span(NOON, NOON + HOUR, types=frozenset({"ALERT", "OPERATOR_ACT"})))
    assert manifest.event_types == ["ALERT", "OPERATOR_ACT"]
    fed: dict[str, Any] = {}
    ReplayFeed(folder).on("*", lambda event: fed.update({event.event: event.data})).run()
    assert fed["alert"]["lines"] == RECORD_SAMPLES["alert"]["lines"]
    assert fed["operator_act"]["before"] == "1.0"


def test_an_engines_alert_arrives_as_it_was_said(
    settings: Settings, runner: Runner, connection: Connection
) -> None:
    with Emitter(settings, strict=True) as tape:
        assert tape.alert(
            category="sniper",
            ref_id="snp_x",
            entry_low=1.10,
            lines=["a"],
            tp1=1.2,
            etf_inflow_usd=-5,
            mood="calm",
        )
    assert runner.run("worker", "--once")[0] == 0
    row = connection.execute(
        "SELECT class, event_type, symbol, payload - 'id' - 'timestamp' FROM records_desk"
    ).fetchone()
    assert row == (
        "desk",
        "ALERT",
        None,
        {
            "category": "sniper",
            "refId": "snp_x",
            "entryLow": 1.1,
            "lines": ["a"],
            "tp1": 1.2,
            "etfInflowUsd": -5,
            "mood": "calm",
        },
    )
