"""The sink: each event once, in any order, from several writers; nothing lost of what contradicts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from consumer.accepted import Accepted, DeadLetter, Outcome
from signaltape import Secret
from signaltape.contract.codec import decode
from sink import quality
from sink.admin.errors import SinkError
from sink.admin.rebuild import rebuild
from sink.db import Connection, connect
from sink.write.rows import DETAIL, LAYER_TABLE
from sink.write.writer import BatchWriter
from tests.support.entries import NOON, accepted, life, only_postgres_rejects
from tests.support.samples import LAYERS, SAMPLES, as_json, closed, invalidated, new_id, published, triggered

ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def value(connection: Connection, query: bytes, *parameters: Any) -> Any:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def tables(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The content of the journal and the detail tables, without what depends on the moment of writing."""
    kept: dict[str, list[tuple[Any, ...]]] = {}
    for name in ("signal_events", LAYER_TABLE, *(table.name for table in DETAIL.values())):
        columns = value(
            connection,
            b"SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)"
            b" FROM information_schema.columns WHERE table_name = %s"
            b" AND column_name NOT IN ('received_at', 'entry_id')",
            name,
        )
        kept[name] = connection.execute(f"SELECT {columns} FROM {name} ORDER BY 1, 2".encode()).fetchall()
    return kept


def test_a_signals_life_lands_in_its_tables(connection: Connection) -> None:
    signal_id = new_id()
    outcome = BatchWriter(connection).write(life(signal_id))
    assert outcome == Outcome(stored=4)
    assert value(connection, b"SELECT count(*) FROM signal_events WHERE signal_id = %s", signal_id) == 4
    row = value(connection, b"SELECT side, confluence_score, rr_target, ts_published FROM signals")
    assert row == ("long", Decimal("0.82"), Decimal("1.9"), NOON)
    assert value(connection, b"SELECT entry_fill, time_to_trigger_ms FROM signal_triggers") == (
        Decimal("222.1"),
        420_000,
    )
    assert value(connection, b"SELECT reason FROM signal_invalidations") == "sl"
    assert value(connection, b"SELECT rr_realized, exit_reason FROM signal_closures") == (
        Decimal("1.65"),
        "tp",
    )


def test_unknown_keys_are_kept_in_the_payload(connection: Connection) -> None:
    BatchWriter(connection).write([accepted("signal_published", published(mood="calm", deep={"a": [1]}))])
    assert value(connection, b"SELECT payload->>'mood', payload->'deep' FROM signal_events") == (
        "calm",
        {"a": [1]},
    )


@pytest.mark.parametrize("score", ["0.798", "0.79996", "0.1000", "0.79999999999999999999", "1"])
def test_scores_are_stored_exactly_as_sent(connection: Connection, score: str) -> None:
    BatchWriter(connection).write([accepted("signal_published", published(confluence_score=Decimal(score)))])
    assert str(value(connection, b"SELECT confluence_score FROM signals")) == score


def test_text_that_copy_could_stumble_over_arrives_whole(connection: Connection) -> None:
    nasty = "a\tb\nc\\d\\N \r 'x' \"y\" {} 🚀 \x7f"
    BatchWriter(connection).write(
        [accepted("signal_published", published(symbol=nasty, setup="\\N", note=nasty))]
    )
    row = value(connection, b"SELECT s.symbol, s.setup, e.payload->>'note' FROM signals s, signal_events e")
    assert row == (nasty, "\\N", nasty)


def test_pretty_printed_json_with_line_breaks_arrives(connection: Connection) -> None:
    data = as_json(closed()).replace(b",", b",\n\t ")
    entry = Accepted("signal_closed", decode("signal_closed", data, default_ts=NOON), data, "t:{0}", "1-0")
    assert BatchWriter(connection).write([entry]).stored == 1


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


def test_layers_become_rows_in_whatever_form_they_are_given(connection: Connection) -> None:
    entry = accepted("signal_published", published(layers=LAYERS))
    BatchWriter(connection).write([entry])
    rows = connection.execute("SELECT layer, matched, weight, value FROM signal_layers").fetchall()
    assert sorted(rows) == [
        ("news\tfeed", False, None, None),
        ("regime", True, None, None),
        ("smc", True, Decimal("0.2"), {"zone": [221.5, 222.0]}),
        ("trend", False, Decimal("0.3"), None),
        ("volume", True, None, None),
    ]


def test_a_contradicting_publication_adds_no_layer(connection: Connection) -> None:
    signal_id = new_id()
    first = accepted("signal_published", published(signal_id, layers={"smc": True}))
    other = accepted("signal_published", published(signal_id, layers={"smc": False, "volume": True}))
    BatchWriter(connection).write([first, other])
    BatchWriter(connection).write([other])
    assert connection.execute("SELECT layer, matched FROM signal_layers").fetchall() == [("smc", True)]
    assert quality.disagreements(connection) == {}


def test_a_closed_event_may_arrive_before_its_published(connection: Connection) -> None:
    writer, signal_id = BatchWriter(connection), new_id()
    writer.write(
        [accepted("signal_closed", closed(signal_id)), accepted("signal_triggered", triggered(signal_id))]
    )
    assert sum(quality.orphans(connection, *ALWAYS).values()) == 2
    writer.write([accepted("signal_published", published(signal_id))])
    assert sum(quality.orphans(connection, *ALWAYS).values()) == 0


def test_two_writers_at_the_same_moment(database: Secret, connection: Connection) -> None:
    """One commits `closed` and the other `published` of the same signals, and both the same duplicates."""
    ids = [new_id() for _ in range(300)]
    barrier = threading.Barrier(2)
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
    for thread in threads:
        thread.join()
    assert sum(outcome.stored for outcome in outcomes) == 900
    assert sum(outcome.duplicates for outcome in outcomes) == 300
    assert quality.disagreements(connection) == {}
    assert sum(quality.orphans(connection, *ALWAYS).values()) == 0


def test_a_row_that_only_postgres_rejects_stands_alone(connection: Connection) -> None:
    batch = [entry for _ in range(10) for entry in life(new_id())]
    bad = only_postgres_rejects()
    batch.insert(17, bad)
    outcome = BatchWriter(connection).write(batch)
    assert outcome == Outcome(stored=40, dead=1)
    row = value(connection, b"SELECT entry_id, event, reason, raw FROM dead_letters")
    assert row[:2] == (bad.entry_id, "signal_published")
    assert row[2].startswith("Postgres rejects it: ")
    assert row[3] == bad.payload
    assert quality.disagreements(connection) == {}


def test_dead_letters_are_written_with_their_batch_and_only_once(connection: Connection) -> None:
    letter = DeadLetter("s:{0}", "5-1", None, b"\xff\x00", b"", "data must be JSON", NOON)
    writer = BatchWriter(connection)
    writer.write([], [letter])
    writer.write(life(new_id()), [letter])
    assert value(connection, b"SELECT raw, reason FROM dead_letters") == (b"\xff\x00", "data must be JSON")


def test_a_batch_is_all_or_nothing(connection: Connection, database: Secret) -> None:
    with connect(database) as blocker:
        blocker.execute("ALTER TABLE dead_letters ADD CONSTRAINT never CHECK (reason <> 'x')")
    letter = DeadLetter("s:{0}", "5-1", None, b"", b"", "x", NOON)
    with pytest.raises(psycopg.errors.CheckViolation):
        BatchWriter(connection).write(life(new_id()), [letter])
    assert value(connection, b"SELECT count(*) FROM signal_events") == 0


def test_rebuild_gives_the_same_tables(connection: Connection) -> None:
    writer = BatchWriter(connection)
    for _ in range(30):
        writer.write(life(new_id()))
    writer.write([accepted("signal_closed", closed(rr_realized=Decimal("1E+2"), rr_best="2.50"))])
    dated = published(ts_published="2022-01-17T09:30:00", sl=1, layers=LAYERS)
    writer.write([accepted("signal_published", dated)])
    writer.write([accepted("signal_invalidated", invalidated())])
    names = [*(table.name for table in DETAIL.values()), LAYER_TABLE]
    everything = [f"SELECT * FROM {name} ORDER BY 1, 2".encode() for name in names]
    before = [connection.execute(query).fetchall() for query in everything]
    connection.execute("UPDATE signals SET symbol = 'spoilt'")
    connection.execute("DELETE FROM signal_closures")
    assert rebuild(connection) == 123
    assert [connection.execute(query).fetchall() for query in everything] == before


def test_rebuild_changes_nothing_if_an_event_does_not_fit_any_more(connection: Connection) -> None:
    BatchWriter(connection).write(life(new_id()))
    connection.execute("UPDATE signal_events SET payload = '{}' WHERE event = 'signal_closed'")
    with pytest.raises(SinkError, match="signal_id is required"):
        rebuild(connection)
    assert value(connection, b"SELECT count(*) FROM signals") == 1


def test_purge_removes_a_signal_with_all_that_is_its_own(connection: Connection) -> None:
    gone, stays = new_id(), new_id()
    BatchWriter(connection).write([*life(gone, layers=LAYERS), *life(stays, layers=LAYERS)])
    assert quality.purge(connection, gone) == 4
    assert value(connection, b"SELECT count(*) FROM signal_layers") == len(LAYERS)
    assert {str(row[1]) for row in tables(connection)["signal_events"]} == {stays}
    assert quality.disagreements(connection) == {}


def test_every_session_runs_in_jakarta(connection: Connection) -> None:
    assert value(connection, b"SHOW timezone") == "Asia/Jakarta"


def test_the_smoke_queries_of_a_user_work(connection: Connection) -> None:
    older, newer = new_id(), new_id()
    at = {"ts_published": "2022-01-18T10:00:00"}
    BatchWriter(connection).write([*life(older), accepted("signal_published", published(newer, **at))])
    latest = value(connection, b"SELECT signal_id::text FROM signals ORDER BY ts_published DESC LIMIT 1")
    assert latest == newer
    trigger = b"SELECT ts_triggered, entry_fill, time_to_trigger_ms FROM signal_triggers WHERE signal_id = %s"
    assert value(connection, trigger, older)[2] == 420_000
    closure = b"SELECT ts_closed, rr_realized, exit_reason FROM signal_closures WHERE signal_id = %s"
    assert value(connection, closure, older)[2] == "tp"
    reasons = connection.execute(
        "SELECT reason, count(*) FROM signal_invalidations GROUP BY reason"
    ).fetchall()
    assert reasons == [("sl", 1)]
