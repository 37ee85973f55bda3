"""The sink: each event lands whole in its tables, in any order, and can be rebuilt, purged and asked for."""

from __future__ import annotations

from decimal import Decimal

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
from tests.integration.stored import ALWAYS, tables, value
from tests.support.entries import NOON, accepted, life, only_postgres_rejects
from tests.support.samples import LAYERS, as_json, closed, invalidated, new_id, published, triggered


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


def test_a_closed_event_may_arrive_before_its_published(connection: Connection) -> None:
    writer, signal_id = BatchWriter(connection), new_id()
    writer.write(
        [accepted("signal_closed", closed(signal_id)), accepted("signal_triggered", triggered(signal_id))]
    )
    assert sum(quality.orphans(connection, *ALWAYS).values()) == 2
    writer.write([accepted("signal_published", published(signal_id))])
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
