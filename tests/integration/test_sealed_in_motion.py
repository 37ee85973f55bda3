"""Sealing beside all that goes on: late transactions, purges, rebuilding, holes that are refilled, two at once."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest

from signaltape import Secret, Settings
from signaltape.errors import InvalidRequest, Stopped
from sink import operations, quality
from sink.admin.rebuild import rebuild
from sink.db import Connection, connect
from sink.sealing.stored import newest, seals
from sink.sealing.verifying import verify
from sink.write.writer import BatchWriter
from tests.support.entries import life
from tests.support.samples import new_id
from tests.support.sealing import FIRST, arrive, intact, noon, seal_all, sealed_days
from tests.support.waiting import ended

SECOND = FIRST + timedelta(days=1)
DAY = timedelta(days=1)


def forget_the_newest_day(connection: Connection) -> None:
    """As it stood the day before: so there is a day to be sealed."""
    last = newest(connection)
    assert last is not None
    for table in ("signal_event_days", "signal_event_names"):
        connection.execute(f"DELETE FROM {table} WHERE day = %s".encode(), (last.day,))


def test_what_commits_after_its_day_was_sealed_belongs_to_the_next_seal(
    database: Secret, connection: Connection
) -> None:
    """The worker's transaction began before midnight; the day is sealed while it still writes."""
    sealed_days(connection)
    forget_the_newest_day(connection)
    late = new_id()
    with connect(database) as other:
        with other.transaction():
            BatchWriter(other).write(life(late))
            other.execute("UPDATE signal_events SET received_at = %s WHERE signal_id = %s", (noon(1), late))
            assert intact(connection).waiting == 0
        assert intact(connection).waiting == 4
        (seal,) = seal_all(connection)
    assert (seal.content.n, seal.content.late) == (4, 4)
    found = intact(connection)
    assert (found.late, found.waiting, found.rows) == (4, 0, 28)


def test_a_late_row_that_is_altered_is_named_with_its_seal(connection: Connection) -> None:
    sealed_days(connection)
    forget_the_newest_day(connection)
    (late,) = arrive(connection, noon(1), 1)
    (seal,) = seal_all(connection)
    connection.execute("DELETE FROM signal_events WHERE signal_id = %s AND event = 'signal_closed'", (late,))
    (one,) = verify(connection).altered
    assert (one.day, one.signal_id, one.event, one.what) == (seal.day, late, "signal_closed", "deleted")


def test_a_row_that_was_put_in_by_hand_is_not_taken_for_a_late_one(connection: Connection) -> None:
    sealed_days(connection)
    forget_the_newest_day(connection)
    connection.execute(
        "INSERT INTO signal_events SELECT event_id, %s, event, schema_version, symbol, payload, ts, stream, entry_id,"
        " %s FROM signal_events WHERE event = 'signal_closed' LIMIT 1",
        (UUID(int=7), noon(1)),
    )
    (seal,) = seal_all(connection)
    assert seal.content.n == 0
    assert [(one.day, one.what) for one in verify(connection).altered] == [(SECOND, "inserted")]


def test_what_was_purged_is_said_to_be_purged(connection: Connection) -> None:
    ids = sealed_days(connection)[1]
    assert quality.purge(connection, ids[0]) == 4
    found = intact(connection)
    assert (found.purged, found.rows) == (4, 20)


def test_a_purge_does_not_hide_what_came_late(connection: Connection) -> None:
    """As many rows come as were purged: the number of rows is what it was."""
    ids = sealed_days(connection)[1]
    forget_the_newest_day(connection)
    quality.purge(connection, ids[0])
    arrive(connection, noon(1), 1)
    assert intact(connection).waiting == 4
    (seal,) = seal_all(connection)
    assert seal.content.late == 4
    assert intact(connection).rows == 24


def test_what_the_counters_said_too_much_is_not_looked_for_each_night(connection: Connection) -> None:
    """A row that was not sealed yet was deleted by hand."""
    sealed_days(connection)
    forget_the_newest_day(connection)
    (gone,) = arrive(connection, noon(1), 1)
    connection.execute("DELETE FROM signal_events WHERE signal_id = %s", (gone,))
    assert seal_all(connection)[0].unaccounted == 4
    assert intact(connection).waiting == 0
    arrive(connection, noon(1), 1)
    assert intact(connection).waiting == 4


def test_a_purge_stands_in_the_next_seal(connection: Connection) -> None:
    ids = sealed_days(connection)[1]
    forget_the_newest_day(connection)
    quality.purge(connection, ids[0])
    (seal,) = seal_all(connection)
    assert (seal.content.purges, seal.content.n) == (4, 0)
    connection.execute("UPDATE signal_event_purges SET purged_at = purged_at - interval '1 second'")
    assert {one.what for one in verify(connection).altered} == {"purges"}


def test_a_tombstone_by_hand_does_not_hide_what_was_not_purged_before_the_last_seal(
    connection: Connection,
) -> None:
    """Its list stands in the seals; behind the last one it is a purge, and shows as such."""
    ids = sealed_days(connection)[1]
    quality.purge(connection, ids[0])
    forget_the_newest_day(connection)
    seal_all(connection)
    connection.execute("DELETE FROM signal_event_purges WHERE event = 'signal_closed'")
    found = verify(connection)
    assert {one.what for one in found.altered} == {"deleted", "purges"}


def test_what_is_purged_before_its_day_is_sealed_is_in_no_seal_but_its_tombstone(
    connection: Connection,
) -> None:
    ids = arrive(connection, noon(0))
    quality.purge(connection, ids[0])
    assert [(one.content.n, one.content.purges) for one in seal_all(connection)[:1]] == [(4, 4)]
    assert intact(connection).purged == 0


def test_a_purged_signal_may_come_again(connection: Connection) -> None:
    ids = sealed_days(connection)[1]
    forget_the_newest_day(connection)
    last = newest(connection)
    assert last is not None
    quality.purge(connection, ids[0])
    BatchWriter(connection).write(life(ids[0]))
    again = noon(0) + (last.day + DAY - FIRST)
    connection.execute("UPDATE signal_events SET received_at = %s WHERE signal_id = %s", (again, ids[0]))
    seal_all(connection)
    found = intact(connection)
    assert (found.purged, found.rows) == (4, 24)


def test_rebuilding_the_tables_changes_nothing_of_it(connection: Connection) -> None:
    sealed_days(connection)
    before = seals(connection)
    rebuild(connection)
    intact(connection)
    forget_the_newest_day(connection)
    seal_all(connection)
    assert [one.digest for one in seals(connection)] == [one.digest for one in before]


def test_a_hole_that_is_refilled_is_told_from_the_row_that_was_there(connection: Connection) -> None:
    """The same event from the archive is stored now, and its old place stays empty."""
    gone = sealed_days(connection)[1][0]
    connection.execute("DELETE FROM signal_events WHERE signal_id = %s", (gone,))
    for table in ("signals", "signal_layers", "signal_triggers", "signal_invalidations", "signal_closures"):
        connection.execute(f"DELETE FROM {table} WHERE signal_id = %s".encode(), (gone,))
    BatchWriter(connection).write(life(gone))
    found = verify(connection)
    assert {(one.day, one.signal_id, one.what) for one in found.altered} == {(SECOND, gone, "moved")}


def test_conflicts_and_duplicates_do_not_matter(connection: Connection) -> None:
    sealed_days(connection)
    forget_the_newest_day(connection)
    given = new_id()
    BatchWriter(connection).write(life(given))
    BatchWriter(connection).write([*life(given), *life(given, symbol="OTHER")])
    seal_all(connection)
    assert intact(connection).waiting == 0


def test_many_at_once_seal_each_day_once(database: Secret, connection: Connection) -> None:
    for number in range(3):
        arrive(connection, noon(number))
    made: list[int] = []

    def work() -> None:
        with connect(database) as own:
            made.append(len(seal_all(own)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert sum(made) == len(seals(connection))
    assert intact(connection).rows == 24


def test_a_day_that_was_broken_off_is_sealed_by_the_next_call(
    settings: Settings, connection: Connection
) -> None:
    for number in range(3):
        arrive(connection, noon(number))
    stop = threading.Event()

    def told(done: int, _total: int) -> None:
        if done > 8:
            stop.set()

    with pytest.raises(Stopped, match="the days before are sealed"):
        operations.seal(settings, progress=told, stop=stop)
    assert len(seals(connection)) == 2
    assert operations.seal(settings).rows == 8
    assert intact(connection).rows == 24


def test_a_digest_that_is_none_is_refused_in_words(settings: Settings) -> None:
    with pytest.raises(InvalidRequest, match="--expect: a digest is 12 to 64 hexadecimal digits"):
        operations.verify(settings, expect="3f2a")


def test_a_digest_may_be_copied_with_blanks_and_capitals(settings: Settings, connection: Connection) -> None:
    sealed_days(connection)
    digest = seals(connection)[1].digest.hex()
    found = operations.verify(settings, expect=f" {digest[:8].upper()} {digest[8:16]} ")
    assert found.expected is not None
    assert found.expected.day == SECOND


def test_nothing_falls_between_seals_while_others_write(database: Secret, connection: Connection) -> None:
    """Transactions that began on a sealed day commit at any moment; every night one is sealed, and verified."""
    sealed_days(connection)
    written: list[int] = []

    def write() -> None:
        with connect(database) as own:
            for _ in range(20):
                given = [new_id() for _ in range(3)]
                with own.transaction():
                    BatchWriter(own).write([one for signal_id in given for one in life(signal_id)])
                    own.execute(
                        "UPDATE signal_events SET received_at = %s WHERE signal_id = ANY(%s)",
                        (noon(1), given),
                    )
                written.append(12)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        forget_the_newest_day(connection)
        seal_all(connection)
        intact(connection)
    ended(*writers)
    forget_the_newest_day(connection)
    seal_all(connection)
    found = intact(connection)
    assert (found.rows, found.late, found.waiting) == (24 + sum(written), sum(written), 0)


def test_what_a_session_is_set_to_does_not_matter(database: Secret, connection: Connection) -> None:
    sealed_days(connection)
    before = [one.digest for one in seals(connection)]
    with connect(database) as other:
        for setting in (
            "timezone = 'America/New_York'",
            "datestyle = 'German, DMY'",
            "bytea_output = 'escape'",
            "extra_float_digits = -15",
            "intervalstyle = 'iso_8601'",
        ):
            other.execute(f"SET {setting}".encode())
        intact(other)
        other.execute("TRUNCATE signal_event_days, signal_event_names")
        seal_all(other)
    assert [one.digest for one in seals(connection)] == before
