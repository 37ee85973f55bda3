"""Partitions of records: made ahead, needed by nothing, dropped without holding anybody up."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from consumer.accepted import Outcome
from deploy.embedded.servers import Urls
from signaltape import Secret
from signaltape.clock import WIB
from sink.admin import retention
from sink.admin.retention import drop_partitions
from sink.db import Connection, connect
from sink.write.writer import BatchWriter
from tests.support.entries import life
from tests.support.kept import add_partition, entry, records, uuid7
from tests.support.samples import new_id
from tests.support.waiting import ended, eventually

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
LIMITS = dict.fromkeys(("events", "trades", "orders", "snapshots", "market", "desk"), NOW - 10 * DAY)

MakeId = Callable[[datetime], str]


def made_now(_at: datetime) -> str:
    return uuid7(NOW)


def random_id(_at: datetime) -> str:
    return str(uuid.uuid4())


def day_of(at: datetime) -> date:
    return at.astimezone(WIB).date()


def count(connection: Connection, table: str = "records") -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def partitions(connection: Connection) -> set[str]:
    found = connection.execute("SELECT relid::regclass::text FROM pg_partition_tree('records') WHERE isleaf")
    return {name for (name,) in found.fetchall() if "_day_" in name}


def old_partition(connection: Connection, days: int, *, parent: str = "records_engine") -> str:
    """A partition of a day that is over, with a record in it."""
    at = NOW - days * DAY
    name = add_partition(connection, parent, day_of(at))
    kind = "market_candle" if parent == "records_market" else "state_event"
    one = records([entry(kind, uuid7(at), at=NOW, timestamp=at.isoformat())])
    assert BatchWriter(connection).write([], (), one) == Outcome(stored=1)
    assert count(connection, name) == 1
    return name


@pytest.mark.parametrize("make_id", [made_now, uuid7, random_id])
def test_a_backfill_over_many_years_is_written_in_one_batch(connection: Connection, make_id: MakeId) -> None:
    """PostgreSQL holds some 6,400 locks as it comes, and each partition would take a few."""
    days = [NOW - n * DAY for n in range(1500)]
    candles = [entry("market_candle", make_id(at), at=NOW, timestamp=at.isoformat()) for at in days]
    assert BatchWriter(connection).write(life(new_id()), (), records(candles)) == Outcome(stored=1504)
    assert count(connection) == 1500
    assert len(partitions(connection)) <= 2 * 10


def test_several_workers_may_backfill_at_once(database: Secret, connection: Connection) -> None:
    def work(first: int) -> None:
        days = [NOW - n * DAY for n in range(first, 2000, 4)]
        candles = [entry("market_candle", uuid7(at), at=NOW, timestamp=at.isoformat()) for at in days]
        with connect(database) as own:
            BatchWriter(own).write([], (), records(candles))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert count(connection) == 2000


def test_a_day_around_now_has_its_partition_and_the_next_one_too(connection: Connection) -> None:
    several = [entry("market_trade", uuid7(NOW - n * DAY), at=NOW) for n in (0, 1, 7, 30)]
    BatchWriter(connection).write([], (), records(several))
    expected = {
        f"{parent}_day_{day_of(NOW - n * DAY):%Y%m%d}"
        for n in (-1, 0, 1, 6, 7)
        for parent in ("records_market", "records_engine")
    }
    assert partitions(connection) == expected
    assert count(connection, f"records_market_day_{day_of(NOW):%Y%m%d}") == 1
    assert count(connection, "records_market_rest") == 1


@pytest.fixture
def weak(servers: Urls, database: Secret, connection: Connection) -> Iterator[Secret]:
    """A role that may read and write rows, and nothing else."""
    connection.execute("CREATE ROLE weak LOGIN")
    connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO weak")
    connection.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO weak")
    yield Secret(database.reveal().replace("signaltape@", "weak@"))
    connection.execute("DROP OWNED BY weak")
    connection.execute("DROP ROLE weak")


def test_a_role_that_may_not_create_tables_writes_events_and_records(
    weak: Secret, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(weak) as own:
        writer = BatchWriter(own)
        for _ in range(3):
            batch = records([entry("state_event", uuid7(NOW), at=NOW)])
            assert writer.write(life(new_id()), (), batch) == Outcome(stored=5)
    assert count(connection, "records_engine_rest") == 3
    assert len(caplog.records) == 1
    assert "without a partition of their day" in caplog.text
    BatchWriter(connection).write([], (), records([entry("state_event", uuid7(NOW), at=NOW)]))
    assert count(connection, "records_engine_rest") == 4, "the day stays where it began"


def test_what_comes_late_for_a_day_that_was_dropped_is_stored_and_goes_with_the_next_run(
    connection: Connection,
) -> None:
    name = old_partition(connection, 20)
    writer = BatchWriter(connection)
    assert drop_partitions(connection, LIMITS) == [name]
    at = NOW - 20 * DAY
    late = records([entry("state_event", uuid7(at), at=NOW, timestamp=at.isoformat())])
    assert writer.write(life(new_id()), (), late) == Outcome(stored=5)
    assert count(connection) == 1
    assert drop_partitions(connection, LIMITS) == []
    assert count(connection) == 0


def test_a_worker_goes_on_after_the_partition_it_wrote_to_was_dropped(connection: Connection) -> None:
    writer = BatchWriter(connection)
    at = NOW - 5 * DAY
    for _ in range(2):
        one = entry("market_trade", uuid7(at), at=NOW, timestamp=at.isoformat())
        assert writer.write([], (), records([one])) == Outcome(stored=1)
        drop_partitions(connection, {**LIMITS, "market": NOW - DAY})
        assert count(connection) == 0


def test_a_partition_stays_while_it_holds_anything_that_must(connection: Connection) -> None:
    """An id tells when a record was made; how long it is kept goes by its own time."""
    name = old_partition(connection, 20)
    made = NOW - 20 * DAY
    young = entry("state_event", uuid7(made), at=NOW, timestamp=(NOW - DAY).isoformat())
    BatchWriter(connection).write([], (), records([young]))
    assert drop_partitions(connection, LIMITS) == []
    assert count(connection, name) == 1, "the one that is past its time is deleted"


def test_what_has_no_partition_of_its_own_is_deleted_in_time(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_DELETE_AT_ONCE", 7)
    ages = [0, 5, 11, *range(20, 50)]
    several = [
        entry(kind, str(uuid.uuid4()), at=NOW, timestamp=(NOW - n * DAY).isoformat())
        for n in ages
        for kind in ("market_trade", "state_event", "trade_log")
    ]
    BatchWriter(connection).write([], (), records(several))
    assert drop_partitions(connection, {**LIMITS, "market": NOW - DAY, "trades": NOW - 30 * DAY}) == []
    kept = connection.execute("SELECT class, count(*) FROM records GROUP BY class").fetchall()
    assert dict(kept) == {"market": 1, "events": 2, "trades": sum(n <= 30 for n in ages)}


def test_a_dry_run_says_what_would_go_and_removes_nothing(connection: Connection) -> None:
    names = [old_partition(connection, 20, parent=parent) for parent in ("records_market", "records_engine")]
    assert drop_partitions(connection, LIMITS, dry_run=True) == names
    assert count(connection) == 2
    assert drop_partitions(connection, LIMITS) == names


def test_retention_looks_at_no_table_but_its_own_however_it_is_planned(connection: Connection) -> None:
    """A plan that reads all of the catalogue meets names and bounds of every kind."""
    connection.execute("CREATE TABLE other (id UUID, at DATE) PARTITION BY RANGE (at)")
    connection.execute(
        "CREATE TABLE some_t_47 PARTITION OF other FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
    )
    name = old_partition(connection, 20)
    connection.execute("ANALYZE pg_catalog.pg_class, pg_catalog.pg_inherits")
    connection.execute("SET enable_nestloop = off")
    connection.execute("SET enable_mergejoin = off")
    assert drop_partitions(connection, LIMITS) == [name]


def test_a_busy_partition_is_left_for_the_next_run(
    connection: Connection,
    database: Secret,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(retention, "_TRIES", 1)
    name = old_partition(connection, 20)
    with connect(database) as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM records")
        assert drop_partitions(connection, LIMITS) == []
        assert f"{name} is busy" in caplog.text
        assert count(connection, name) == 0, "what is past its time is gone nevertheless"
    assert drop_partitions(connection, LIMITS) == [name]


def test_writers_go_on_while_retention_waits_for_a_row(connection: Connection, database: Secret) -> None:
    """What was dropped is committed before anything is deleted: its lock keeps nobody waiting."""
    name = old_partition(connection, 20)
    at = NOW - 30 * DAY
    one = entry("state_event", f"f{str(uuid.uuid4())[1:]}", at=NOW, timestamp=at.isoformat())
    BatchWriter(connection).write([], (), records([one]))
    dropped: list[str] = []

    def run() -> None:
        with connect(database) as own:
            dropped.extend(drop_partitions(own, LIMITS))

    def is_gone() -> bool:
        row = connection.execute("SELECT to_regclass(%s) IS NULL", (name,)).fetchone()
        return bool(row and row[0])

    def waits() -> Any:
        return connection.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event = 'transactionid'"
        ).fetchone()

    thread = threading.Thread(target=run)
    with connect(database) as other, other.transaction():
        other.execute("SELECT FROM records_engine_undated WHERE ts = %s FOR UPDATE", (at,))
        thread.start()
        eventually(is_gone)
        eventually(lambda: waits() is not None)
        connection.execute("SET statement_timeout = '5s'")
        late = records([entry("state_event", uuid7(NOW), at=NOW)])
        assert BatchWriter(connection).write([], (), late) == Outcome(stored=1)
    ended(thread)
    assert dropped == [name]
    assert count(connection) == 1


def test_a_day_whose_partition_cannot_be_made_now_is_written_all_the_same(
    connection: Connection, database: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody holds the lock that all makers of partitions take, and does not let go of it."""
    connection.execute("ALTER FUNCTION ensure_record_partitions SET lock_timeout = '50ms'")
    with connect(database) as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(7305817261514715238)")
        batch = records([entry("state_event", uuid7(NOW), at=NOW)])
        assert BatchWriter(connection).write(life(new_id()), (), batch) == Outcome(stored=5)
    assert "canceling statement due to lock timeout" in caplog.text


def test_an_error_of_the_server_as_a_whole_is_the_batchs(connection: Connection, database: Secret) -> None:
    """It is tried again, and no record becomes a dead letter for it."""
    writer = BatchWriter(connection)
    writer.write([], (), records([entry("state_event", uuid7(NOW), at=NOW)]))
    batch = records([entry("state_event", uuid7(NOW), at=NOW)])
    with connect(database) as other, other.transaction():
        other.execute("LOCK TABLE records")
        connection.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            writer.write(life(new_id()), (), batch)
    assert writer.write(life(new_id()), (), batch) == Outcome(stored=5)
