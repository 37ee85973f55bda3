"""What was ever stored, dropped and removed is counted in the transaction that does it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from msgspec.structs import astuple

from consumer.accepted import DeadLetter
from signaltape import Secret
from signaltape.clock import WIB
from sink import counters, dead_letters, quality
from sink.admin.counting import count_all
from sink.admin.migrate import migrate
from sink.admin.rebuild import rebuild
from sink.admin.retention import drop_partitions
from sink.counters import Counters
from sink.db import Connection, DatabaseError, connect
from sink.write.writer import BatchWriter
from tests.integration.conftest import Runner
from tests.support.entries import NOON, accepted, life
from tests.support.kept import add_partition, entry, records, uuid7
from tests.support.samples import closed, new_id
from tests.support.waiting import ended

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def letter(number: int) -> DeadLetter:
    return DeadLetter("sim:{0}", f"{number}-0", None, b"?", b"", "it is no JSON", NOON)


def test_a_new_database_has_counted_nothing(connection: Connection) -> None:
    assert counters.read(connection) == Counters()
    assert not counters.differences(connection)


def test_each_kind_is_counted_by_its_rows(connection: Connection) -> None:
    writer, signal_id = BatchWriter(connection), new_id()
    first = accepted("signal_closed", closed(signal_id=signal_id))
    other = accepted("signal_closed", closed(signal_id=signal_id, note="other"))
    writer.write([first], [letter(1)])
    for _ in range(2):  # as after an acknowledgement that failed
        writer.write([first, other], [letter(1), letter(2)])
    assert counters.read(connection) == Counters(
        events_stored=1, event_duplicates=2, conflicts_kept=1, dead_letters_kept=2
    )
    assert not counters.differences(connection)


def test_a_batch_that_is_rolled_back_counts_for_nothing(connection: Connection) -> None:
    connection.execute("ALTER TABLE dead_letters ADD CHECK (entry_id <> '7-0')")
    with pytest.raises(DatabaseError):
        BatchWriter(connection).write(life(new_id()), [letter(6), letter(7)])
    assert counters.read(connection) == Counters()


def test_two_workers_do_not_wait_for_each_others_counters(database: Secret, connection: Connection) -> None:
    with connect(database) as one, connect(database) as other, one.transaction():
        BatchWriter(one).write(life(new_id()))
        other.execute("SET lock_timeout = '1s'")
        BatchWriter(other).write(life(new_id()))
        assert counters.read(connection).events_stored == 4
    assert counters.read(connection).events_stored == 8


def test_each_counter_is_added_read_and_folded_by_itself(database: Secret, connection: Connection) -> None:
    each = Counters(*range(1, 1 + len(Counters.__struct_fields__)))
    for times in range(1, 4):
        with connect(database) as other:
            counters.add(other, each)
            assert counters.read(connection) == Counters(*(times * one for one in astuple(each)))
        counters.fold(connection)
        assert counters.read(connection) == Counters(*(times * one for one in astuple(each)))


def test_folding_changes_no_number_while_workers_write(database: Secret, connection: Connection) -> None:
    def work() -> None:
        with connect(database) as own:
            writer = BatchWriter(own)
            for _ in range(30):
                writer.write(life(new_id()))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        counters.fold(connection)
    ended(*threads)
    counters.fold(connection)
    assert connection.execute("SELECT backend, events_stored FROM sink_counters").fetchall() == [(0, 240)]


def test_what_is_removed_stays_in_what_was_ever_stored(connection: Connection) -> None:
    writer, signal_id = BatchWriter(connection), new_id()
    other = accepted("signal_closed", closed(signal_id=signal_id, note="other"))
    writer.write([*life(signal_id), *life(new_id()), other], [letter(1), letter(2), letter(3)])
    quality.purge(connection, signal_id)
    dead_letters.take_all(connection, dead_letters.Filter(), lambda few: few[:2], everything=True)
    ever = counters.read(connection)
    assert (ever.events_stored, ever.events_purged) == (8, 4)
    assert (ever.conflicts_kept, ever.conflicts_purged) == (1, 1)
    assert (ever.dead_letters_kept, ever.dead_letters_removed) == (3, 2)
    assert not counters.differences(connection)


def test_records_that_are_past_their_time_are_counted_as_expired(connection: Connection) -> None:
    then = NOW - 20 * DAY
    partition = add_partition(connection, "records_engine", then.astimezone(WIB).date())
    made = [(uuid7(then), then), (str(uuid4()), then), (str(uuid4()), NOW)]
    several = records(entry("state_event", one, at=NOW, timestamp=at.isoformat()) for one, at in made)
    BatchWriter(connection).write([], (), several)
    limits = dict.fromkeys(("events", "trades", "orders", "snapshots", "market", "desk"), NOW - 10 * DAY)
    assert drop_partitions(connection, limits) == [partition]
    ever = counters.read(connection)
    assert (ever.records_stored, ever.records_expired) == (3, 2)
    assert not counters.differences(connection)


def test_check_finds_a_wrong_counter_and_rebuild_mends_it(connection: Connection, runner: Runner) -> None:
    BatchWriter(connection).write(life(new_id()), [letter(1)])
    connection.execute("UPDATE sink_counters SET events_stored = 3, dead_letters_kept = 0 WHERE backend <> 0")
    connection.execute("DELETE FROM sink_counters WHERE backend = 0")
    found = count_all(connection)
    assert not found.agree
    assert [(one.counter, one.counted, one.rows) for one in found.miscounts] == [
        ("events", 3, 4),
        ("dead_letters", 0, 1),
    ]
    code, said, _ = runner.run("sink", "check")
    assert code == 1
    assert "counters and tables do not agree" in said
    rebuild(connection)
    assert count_all(connection).agree
    assert counters.read(connection) == Counters(events_stored=4, dead_letters_kept=1)


def test_a_recount_while_a_worker_writes_is_exact(database: Secret, connection: Connection) -> None:
    with connect(database) as own:
        thread = threading.Thread(target=lambda: [BatchWriter(own).write(life(new_id())) for _ in range(40)])
        thread.start()
        while thread.is_alive():
            with connection.transaction():
                counters.recount(connection)
        ended(thread)
    assert counters.read(connection).events_stored == 160
    assert not counters.differences(connection)


def test_the_migration_counts_what_was_stored_before(connection: Connection) -> None:
    BatchWriter(connection).write(life(new_id()), [letter(1)])
    connection.execute("DROP TABLE sink_counters")
    connection.execute("DELETE FROM schema_migrations WHERE number = 16")
    migrate(connection)
    assert counters.read(connection) == Counters(events_stored=4, dead_letters_kept=1)


def test_status_shows_what_was_ever_stored(connection: Connection, runner: Runner) -> None:
    BatchWriter(connection).write(life(new_id()), [letter(1)])
    _, said, _ = runner.run("worker", "status")
    assert "ever stored" in said
    assert "events 4" in said


def test_folding_waits_for_nobody_who_counts_and_keeps_nobody_waiting(
    database: Secret, connection: Connection
) -> None:
    """As where a worker stands still, or its machine is gone, between the last statement of a batch and its commit."""
    with connect(database) as still, connect(database) as other:
        for one in (still, other):
            BatchWriter(one).write(life(new_id()))
        with still.transaction():
            BatchWriter(still).write(life(new_id()))
            connection.execute("SET lock_timeout = '5s'")
            counters.fold(connection)
            other.execute("SET lock_timeout = '5s'")
            BatchWriter(other).write(life(new_id()))
        assert counters.read(connection).events_stored == 16
    counters.fold(connection)
    assert connection.execute("SELECT backend, events_stored FROM sink_counters").fetchall() == [(0, 16)]
