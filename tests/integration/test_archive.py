"""The archive: every line once, whole, and in the file of its own day."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from replay.archive.files import read_lines
from replay.archive.layout import archive_file, safe_name
from replay.archive.ledger import Ledger
from signaltape import Emitter, Settings
from signaltape.clock import WIB
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.integration.archiving import NOON, archive, at, batch, lines
from tests.integration.conftest import Runner
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import ALL_SAMPLES, SAMPLES


def emit_all(settings: Settings) -> None:
    """One of everything, through journal and stream."""
    with Emitter(settings, strict=True) as tape:
        tape.published(SAMPLES["signal_published"]())
        tape.event("ghost_closed", ALL_SAMPLES["ghost_closed"]())
        tape.state(RECORD_SAMPLES["state_event"])
        tape.trade(RECORD_SAMPLES["trade_log"])
        tape.order(RECORD_SAMPLES["order_log"])
        for kind in ("risk", "tpsl", "execution", "health", "scoring", "regime", "feature"):
            tape.snapshot(kind, RECORD_SAMPLES[f"{kind}_snapshot"])
        for kind in ("trade", "book", "candle", "funding", "open_interest"):
            tape.market(kind, RECORD_SAMPLES[f"market_{kind}"])
        tape.alert(RECORD_SAMPLES["alert"])
        for name in ("order_command", "price_line", "alert_decision", "feedback_click", "operator_act"):
            tape.record(name, RECORD_SAMPLES[name])
        for name in ("system_alert", "measurement"):
            tape.record(name, RECORD_SAMPLES[name])


def test_everything_an_engine_does_lands_in_its_file_and_in_its_table(
    settings: Settings, runner: Runner, connection: Connection, tmp_path: Path
) -> None:
    emit_all(settings)
    code, out, err = runner.run("replay", "archive", "--once", SIGNALTAPE_DATA=str(tmp_path))
    assert (code, out) == (0, "archived 25, duplicates 0, conflicts 0, invalid 0\n"), err
    data = tmp_path / "data"
    (state,) = lines(data / "events" / "SOL-USDT.jsonl")
    assert {name: state[name] for name in RECORD_SAMPLES["state_event"]} == RECORD_SAMPLES["state_event"]
    assert state["_event"] == "state_event"
    today = f"day-{datetime.now(WIB).date()}.jsonl"
    order, *others = lines(data / "orders" / today)
    assert [one["_event"] for one in others] == ["order_command", "price_line"]
    assert (order["clientOrderId"], order["mode"]) == ("c-1", "SIM")
    (trade,) = lines(data / "trades_log" / today)
    assert trade["dateKey"] == str(datetime.now(WIB).date())
    assert [one["_event"] for one in lines(data / "signals" / today)] == ["signal_published", "ghost_closed"]
    assert len(lines(data / "system" / "history" / today)) == 7
    assert (
        json.loads((data / "system" / "health_snapshot.json").read_text())["services"]["orders"]["message"]
        == "slow"
    )
    assert len(lines(data / "market" / "SOL-USDT" / today)) == 5
    assert [one["_event"] for one in lines(data / "desk" / today)] == [
        *("alert", "alert_decision", "feedback_click", "operator_act", "system_alert")
    ]
    assert [one["_event"] for one in lines(data / "measures" / today)] == ["measurement"]
    assert runner.run("worker", "--once")[0] == 0
    found = connection.execute("SELECT event, count(*) FROM records GROUP BY event").fetchall()
    assert dict(found) == dict.fromkeys(RECORD_SAMPLES, 1)
    row = connection.execute(
        "SELECT class, symbol, event_type, payload->>'toState' FROM records WHERE event = 'state_event'"
    ).fetchone()
    assert row == ("events", "SOL-USDT", "SCORING_UPDATE", "SETUP")
    apart = connection.execute("SELECT count(*) FROM records_desk WHERE class = 'desk'").fetchone()
    assert apart == (5,)


def test_a_record_goes_to_the_wib_day_of_its_own_time(tmp_path: Path) -> None:
    with archive(tmp_path) as target:
        target.write(batch(at("trade_log", datetime(2022, 1, 17, 16, 59, 59, tzinfo=UTC))))
        target.write(batch(at("trade_log", datetime(2022, 1, 17, 17, 0, tzinfo=UTC)), first=2))
    assert sorted(path.name for path in (tmp_path / "data" / "trades_log").iterdir()) == [
        "day-2022-01-17.jsonl",
        "day-2022-01-18.jsonl",
    ]


def test_duplicates_are_dropped_within_a_batch_and_over_restarts(tmp_path: Path) -> None:
    one = at("order_log", NOON, id="0196f3a0-0000-7000-8000-000000000001")
    for _ in range(2):
        with archive(tmp_path) as target:
            target.write(batch(one, one, at("order_log", NOON, id="0196f3a0-0000-7000-8000-000000000002")))
    assert len(lines(tmp_path / "data" / "orders" / "day-2022-01-17.jsonl")) == 2


def test_a_torn_tail_is_cut_off_before_the_next_line(tmp_path: Path) -> None:
    path = tmp_path / "data" / "orders" / "day-2022-01-17.jsonl"
    with archive(tmp_path) as target:
        target.write(batch(at("order_log", NOON)))
    with path.open("ab") as file:
        file.write(b'{"_event":"order_log","_id":"half a li')
    ledger = Ledger(tmp_path / "data")
    assert len(list(read_lines(tmp_path / "data", ledger, path))) == 1, "readers do not see it either"
    ledger.close()
    with archive(tmp_path) as target:
        target.write(batch(at("order_log", NOON), first=2))
    assert len(lines(path)) == 2


def test_the_latest_snapshot_is_that_of_the_latest_time(tmp_path: Path) -> None:
    def equity() -> int:
        found = json.loads((tmp_path / "data" / "system" / "risk_snapshot.json").read_text())
        return int(found["account"]["equity"])

    with archive(tmp_path) as target:
        later, earlier = NOON + timedelta(hours=1), NOON - timedelta(hours=1)
        target.write(batch(at("risk_snapshot", NOON, account={"equity": 1})))
        target.write(batch(at("risk_snapshot", earlier, account={"equity": 2}), first=2))
        assert equity() == 1
        target.write(batch(at("risk_snapshot", later, account={"equity": 3}), first=3))
        assert equity() == 3


def test_pretty_printed_payloads_stay_on_one_line(tmp_path: Path) -> None:
    data = json.dumps(RECORD_SAMPLES["order_log"], indent=4).encode()
    entry = Entry("s:{0}", "1642395600000-0", [b"event", b"order_log", b"data", data])
    with archive(tmp_path) as target:
        target.write(decode_entries([entry]))
    (line,) = lines(tmp_path / "data" / "orders" / "day-2022-01-17.jsonl")
    assert line["clientOrderId"] == "c-1"


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_names_from_outside_never_leave_their_folder_and_never_meet(first: str, second: str) -> None:
    name = safe_name(first)
    assert name not in ("", ".", "..")
    assert "/" not in name
    assert len(name) <= 120
    assert Path("x", name).parent == Path("x")
    if first != second:
        assert name != safe_name(second)


def test_hostile_symbols_stay_inside(tmp_path: Path) -> None:
    hostile = ["../../etc/passwd", "/etc/passwd", "..", ".hidden", "a/b", "a\\b", "c:d", "x" * 128, "🚀"]
    with archive(tmp_path) as target:
        target.write(batch(*(at("state_event", NOON, symbol=one) for one in hostile)))
    files = list(tmp_path.rglob("*.jsonl"))
    assert len(files) == len(hostile)
    assert {path.parent for path in files} == {tmp_path / "data" / "events"}
    assert archive_file("market_trade", "../x", "2022-01-17T05") == "market/%2E.%2Fx/day-2022-01-17.jsonl"


def test_records_come_once_whatever_comes_again(connection: Connection) -> None:
    writer = BatchWriter(connection)
    records = batch(*(at(name, NOON) for name in RECORD_SAMPLES)).records
    first = writer.write([], (), records)
    twice = records.part(0, len(records))
    twice.extend(records)
    again = writer.write([], (), twice)
    third = writer.write([], (), records)
    n = len(RECORD_SAMPLES)
    assert (first.stored, again.stored, again.duplicates, third.duplicates) == (n, 0, 2 * n, n)
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (n,)
