"""What comes to the sink again: the same is a duplicate, other content a conflict, and the first one wins."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import psycopg

from consumer.accepted import Outcome
from signaltape import Secret
from sink import quality
from sink.db import Connection, connect
from sink.write.writer import BatchWriter
from tests.integration.stored import ALWAYS, tables, value
from tests.support.entries import NOON, accepted, life, only_postgres_rejects
from tests.support.samples import SAMPLES, closed, new_id, published
from tests.support.waiting import LONGEST_S, ended


def test_the_same_content_again_is_a_duplicate(connection: Connection) -> None:
    writer, signal_id = BatchWriter(connection), new_id()
    writer.write(life(signal_id))
    before = tables(connection)
    assert writer.write(life(signal_id)) == Outcome(duplicates=4)
    assert writer.write([*life(signal_id), *life(new_id())]) == Outcome(stored=4, duplicates=4)
    assert before["signals"] == [row for row in tables(connection)["signals"] if str(row[0]) == signal_id]
    assert value(connection, b"SELECT day::text, duplicates FROM duplicate_counts") == ("2022-01-17", 8)
    assert value(connection, b"SELECT count(*) FROM event_conflicts") == 0


def test_other_content_is_a_conflict_that_is_kept_and_the_first_one_wins(connection: Connection) -> None:
    writer, signal_id = BatchWriter(connection), new_id()
    writer.write([accepted("signal_closed", closed(signal_id, rr_realized=1.5))])
    again = accepted("signal_closed", closed(signal_id, rr_realized=-1))
    assert writer.write([again]) == Outcome(conflicts=1)
    assert writer.write([again]) == Outcome(conflicts=1)
    assert value(connection, b"SELECT rr_realized FROM signal_closures") == Decimal("1.5")
    assert value(connection, b"SELECT payload->>'rr_realized' FROM event_conflicts") == "-1"


def test_duplicates_and_conflicts_within_one_batch(connection: Connection) -> None:
    signal_id = new_id()
    first = accepted("signal_closed", closed(signal_id, rr_realized=1))
    same = accepted("signal_closed", closed(signal_id, rr_realized=1))
    other = accepted("signal_closed", closed(signal_id, rr_realized=2))
    outcome = BatchWriter(connection).write([first, same, other, *life(new_id())])
    assert outcome == Outcome(stored=5, duplicates=1, conflicts=1)
    assert value(connection, b"SELECT rr_realized FROM signal_closures WHERE signal_id = %s", signal_id) == 1


def test_a_batch_of_duplicates_is_looked_up_and_the_journal_not_read_through(connection: Connection) -> None:
    """However many events Postgres knows to be there: it is at a middling number that it likes to read them all."""
    connection.execute(
        """
        INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)
        SELECT gen_random_uuid(), gen_random_uuid(), 'signal_closed', 1, 'SOL', '{}', now(), 't:{0}', '1-0'
        FROM generate_series(1, 20000)
        """
    )
    writer, batch = BatchWriter(connection), [entry for _ in range(500) for entry in life(new_id())]
    assert writer.write(batch).stored == len(batch)
    connection.execute("ANALYZE signal_events")
    before = _scans(connection)
    assert writer.write(batch) == Outcome(duplicates=len(batch))
    after = _scans(connection)
    assert after[0] == before[0], "read through"
    assert after[1] >= before[1] + len(batch), "looked up"


def _scans(connection: Connection) -> tuple[int, int]:
    """How often the journal was read through, and how often its key was searched."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    found = value(
        connection, b"SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'signal_events'"
    )
    return int(found[0]), int(found[1])


def test_all_that_can_come_again_in_one_batch(connection: Connection) -> None:
    """Known, contradicting and new events, new ones twice, one that Postgres rejects: each counts as what it is."""
    writer, known, new = BatchWriter(connection), new_id(), new_id()
    writer.write(life(known))
    late = accepted("signal_closed", closed(new_id()), NOON + timedelta(days=1))
    writer.write([late])
    batch = [
        *life(known),
        accepted("signal_closed", closed(known, rr_realized=-1)),
        *life(new),
        accepted("signal_closed", closed(new)),
        accepted("signal_closed", closed(new, rr_realized=9)),
        late,
        only_postgres_rejects(),
    ]
    for again in (False, True):
        outcome = writer.write(batch)
        stored, duplicates = (0, 10) if again else (4, 6)
        assert outcome == Outcome(stored, duplicates, conflicts=2, dead=1)
    days = connection.execute("SELECT day::text, duplicates FROM duplicate_counts ORDER BY day").fetchall()
    assert days == [("2022-01-17", 14), ("2022-01-18", 2)]
    kept = connection.execute("SELECT payload->>'rr_realized' FROM event_conflicts ORDER BY 1").fetchall()
    assert kept == [("-1",), ("9",)]
    assert value(connection, b"SELECT count(*) FROM signal_events") == 9
    assert quality.disagreements(connection) == {}


def test_a_contradicting_publication_adds_no_layer(connection: Connection) -> None:
    signal_id = new_id()
    first = accepted("signal_published", published(signal_id, layers={"smc": True}))
    other = accepted("signal_published", published(signal_id, layers={"smc": False, "volume": True}))
    BatchWriter(connection).write([first, other])
    BatchWriter(connection).write([other])
    assert connection.execute("SELECT layer, matched FROM signal_layers").fetchall() == [("smc", True)]
    assert quality.disagreements(connection) == {}


def test_two_writers_at_the_same_moment(database: Secret, connection: Connection) -> None:
    """One commits `closed` and the other `published` of the same signals, and both the same duplicates."""
    ids = [new_id() for _ in range(300)]
    barrier = threading.Barrier(2, timeout=LONGEST_S)
    outcomes: list[Outcome] = []

    def work(names: tuple[str, ...], order: int) -> None:
        with connect(database) as own:
            writer = BatchWriter(own)
            barrier.wait()
            for start in range(0, len(ids), 50):
                chunk = ids[start : start + 50][::order]
                batch = [accepted(name, SAMPLES[name](one)) for one in chunk for name in names]
                while True:
                    try:
                        outcomes.append(writer.write(batch))
                        break
                    except psycopg.errors.DeadlockDetected:
                        continue  # what the worker does: the whole batch again

    threads = [
        threading.Thread(target=work, args=(("signal_closed", "signal_triggered"), 1)),
        threading.Thread(target=work, args=(("signal_published", "signal_triggered"), -1)),
    ]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert sum(outcome.stored for outcome in outcomes) == 900
    assert sum(outcome.duplicates for outcome in outcomes) == 300
    assert quality.disagreements(connection) == {}
    assert sum(quality.orphans(connection, *ALWAYS).values()) == 0
