"""The archive's retention: what is old goes, with a summary; the rest stays, whatever comes late or dies."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from replay.archive.archiving import _until_next
from replay.archive.files import read_lines
from replay.archive.keeping import keep_of
from replay.archive.ledger import Ledger
from replay.archive.retention import apply
from signaltape import Settings
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.integration.archiving import archive, at, batch, lines, load_stream, names
from tests.integration.conftest import Runner

NOW = datetime(2022, 3, 1, 5, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def fill(tmp_path: Path) -> None:
    """Old and new of everything."""
    events = [
        at(name, days_ago(days))
        for name in ("trade_log", "order_log", "state_event", "market_trade", "risk_snapshot")
        for days in (60, 40, 29, 8, 6, 0.5)
    ]
    with archive(tmp_path) as target:
        target.write(batch(*events))


def test_retention_deletes_what_is_old_sums_it_up_and_keeps_the_rest(tmp_path: Path) -> None:
    fill(tmp_path)
    dry = apply(tmp_path, keep_of(Settings()), NOW, dry_run=True)
    assert len(names(tmp_path, "trades_log")) == 6, "a dry run changes nothing"
    report = apply(tmp_path, keep_of(Settings()), NOW)
    assert report.deletedFiles == dry.deletedFiles
    assert report.errors == []
    assert [name.partition(".")[0] for name in names(tmp_path, "trades_log")] == [
        "day-2022-01-31",
        "day-2022-02-21",
        "day-2022-02-23",
        "day-2022-03-01",
    ]
    assert names(tmp_path, "market") == ["day-2022-03-01.jsonl"]
    assert len(lines(tmp_path / "data" / "events" / "SOL-USDT.jsonl")) == 2
    summary = json.loads((tmp_path / "data" / "summaries" / "trades" / "day-2021-12-31.json").read_text())
    assert summary["counts"] == {"TRADE_LOG": 1}
    assert summary["symbols"] == {"SOL-USDT": 1}
    assert summary["realizedPnl"] == 5.7
    assert summary["first"] == summary["last"] == "2021-12-31T05:00:00.000000Z"
    assert names(tmp_path, "orders")[0] == "day-2022-01-31.jsonl.zst", "old files that stay are compressed"
    again = apply(tmp_path, keep_of(Settings()), NOW)
    assert (again.deletedFiles, again.compressedFiles, again.errors) == ([], [], [])


def test_late_lines_join_their_compressed_day(tmp_path: Path) -> None:
    with archive(tmp_path) as target:
        target.write(batch(at("order_log", days_ago(10), clientOrderId="early")))
    apply(tmp_path, keep_of(Settings()), NOW)
    with archive(tmp_path) as target:
        target.write(batch(at("order_log", days_ago(10), clientOrderId="late"), first=2))
    apply(tmp_path, keep_of(Settings()), NOW)
    (path,) = (tmp_path / "data" / "orders").iterdir()
    ledger = Ledger(tmp_path / "data")
    found = [json.loads(line)["clientOrderId"] for line in read_lines(tmp_path / "data", ledger, path)]
    ledger.close()
    assert found == ["early", "late"]


def test_one_bad_file_does_not_stop_the_run(tmp_path: Path) -> None:
    fill(tmp_path)
    bad = tmp_path / "data" / "trades_log" / "day-2021-01-01.jsonl.zst"
    bad.write_text("no archive")
    report = apply(tmp_path, keep_of(Settings()), NOW)
    assert len(report.errors) == 1
    assert report.errors[0].startswith("day-2021-01-01.jsonl.zst: ")
    assert bad.exists()
    assert len(report.deletedFiles) > 5


def test_a_retention_that_died_is_finished_by_the_next_writer(tmp_path: Path) -> None:
    with archive(tmp_path) as target:
        target.write(batch(at("state_event", days_ago(20)), at("state_event", days_ago(1))))
    root = tmp_path / "data"
    kept = (root / "events" / "SOL-USDT.jsonl").read_bytes().splitlines()[1] + b"\n"
    (root / "events" / ".new").write_bytes(kept)
    ledger = Ledger(root)
    ledger.plan_replace("events/SOL-USDT.jsonl", "events/.new")  # committed, and then it died
    ledger.set_length("events/SOL-USDT.jsonl", len(kept))
    ledger.close()
    with archive(tmp_path) as target:
        target.write(batch(at("state_event", days_ago(0)), first=5))
    found = [line["timestamp"] for line in lines(root / "events" / "SOL-USDT.jsonl")]
    assert found == [days_ago(1).isoformat(), days_ago(0).isoformat()]


def test_records_that_are_past_the_time_of_their_class_are_deleted(
    connection: Connection, tmp_path: Path
) -> None:
    writer = BatchWriter(connection)
    for number, days in enumerate((60, 20, 8, 0.1)):
        found = batch(
            at("trade_log", days_ago(days)),
            at("state_event", days_ago(days)),
            at("market_trade", days_ago(days)),
            first=10 * number + 1,
        )
        writer.write([], (), found.records)
    apply(tmp_path, keep_of(Settings()), NOW, connection=connection)
    rows = connection.execute("SELECT class, count(*) FROM records GROUP BY class").fetchall()
    assert dict(rows) == {"trades": 3, "events": 1, "market": 1}


def test_the_command_reports_and_trims_only_what_every_group_is_done_with(
    settings: Settings, runner: Runner, connection: Connection, redis_client: Any, key: str, tmp_path: Path
) -> None:
    load_stream(redis_client, key, 100)
    data = {"SIGNALTAPE_DATA": str(tmp_path), "SIGNALTAPE_STREAM_RETENTION_S": "0"}
    assert runner.run("replay", "archive", "--once", **data)[0] == 0
    assert redis_client.xgroup_create(key, "slow", id="0")
    code, out, err = runner.run("replay", "retention", "--json", **data)
    assert code == 0, err
    report = json.loads(out)
    assert set(report) >= {"timestamp", "deletedFiles", "keptFiles", "errors"}
    assert report["trimmedEntries"] == 0, "the slow group has read nothing"
    redis_client.xgroup_destroy(key, "slow")
    assert json.loads(runner.run("replay", "retention", "--json", **data)[1])["trimmedEntries"] == 99
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (0,)


def test_the_nightly_run_is_at_three_in_jakarta() -> None:
    assert _until_next(datetime(2022, 1, 17, 19, 0, tzinfo=UTC)) == timedelta(hours=1)
    assert _until_next(datetime(2022, 1, 17, 20, 0, tzinfo=UTC)) == timedelta(hours=24)
