"""What is no line is named and counted, and never the end: of a build, a replay or a retention."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from replay.archive.keeping import keep_of
from replay.archive.layout import sessions_folder
from replay.archive.ledger import Ledger
from replay.archive.retention import apply
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource
from signaltape import Settings
from signaltape.replay import ReplayEvent, ReplayFeed
from tests.support.archived import DAY, NOON, record, write

BAD = {
    "not JSON": b"no json",
    "torn": b'{"_event":"order_log","_id":"0196f3a0-0000-7000-8000-000000000001","_ts":"2022-01-17T05:0',
    "torn behind the head": (
        b'{"_event":"order_log","_id":"0196f3a0-0000-7000-8000-000000000001","_ts":"2022-01-17T05:00:00.000000Z","n'
    ),
    "no object": b"[1]",
    "empty": b"",
    "NULs": b"\0" * 50,
    "another format": b'{"event":"order_log"}',
    "wrong type": (
        b'{"_event":"order_log","_id":"0196f3a0-0000-7000-8000-000000000001","_ts":"2022-01-17T05:00:00.000000Z",'
        b'"symbol":5}'
    ),
    "no time": (
        b'{"_event":"order_log","_id":"0196f3a0-0000-7000-8000-000000000001","_ts":"2022-99-17T05:00:00.000000Z"}'
    ),
    "invalid UTF-8": (
        b'{"_event":"order_log","_id":"0196f3a0-0000-7000-8000-000000000001","_ts":"2022-01-17T05:00:00.000000Z",'
        b'"n":"\xff"}'
    ),
    "half a surrogate": (
        b'{"_event":"order_log","_id":"0196f3a0-0000-7000-8000-000000000001","_ts":"2022-01-17T05:00:00.000000Z",'
        b'"n":"\\ud800"}'
    ),
    "nested deeply": (
        b'{"_event":"order_log","_id":"0196f3a0-0000-7000-8000-000000000001","_ts":"2022-01-17T05:00:00.000000Z",'
        b'"n":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    ),
    "huge": b"x" * 5_000_000,
}


def spoil(data: Path, path: Path, bad: bytes) -> None:
    """Put a bad line between the first and the second, as an edit by hand or a disk does."""
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join((first, bad + b"\n", *rest)))
    ledger = Ledger(data / "data")
    name = str(path.relative_to(data / "data"))
    if ledger.length(name):
        ledger.set_length(name, path.stat().st_size)
    ledger.close()


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_line_of_the_archive_is_named_and_the_others_are_built(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    write(tmp_path, [record("order_log", n=1), record("order_log", n=2), record("trade_log", n=3)])
    spoil(tmp_path, tmp_path / "data" / "orders" / "day-2022-01-17.jsonl", bad)
    manifest = build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC))
    assert (manifest.total_events, manifest.bad_lines) == (3, 1)
    assert "orders/day-2022-01-17.jsonl:2: " in caplog.text


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_line_of_a_session_is_named_and_the_others_are_played(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    write(tmp_path, [record("order_log", NOON + timedelta(seconds=number), n=number) for number in range(3)])
    manifest = build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC))
    folder = sessions_folder(tmp_path) / manifest.session_id
    spoil(tmp_path, folder / "events.jsonl", bad)
    seen: list[ReplayEvent] = []
    status = ReplayFeed(folder).on("*", seen.append).run()
    assert [one.data["n"] for one in seen] == [0, 1, 2]
    assert status.bad_lines == 1
    assert f"{folder.name}/events.jsonl:2: " in caplog.text


def test_a_loop_counts_a_bad_line_once(tmp_path: Path) -> None:
    write(tmp_path, [record("order_log"), record("order_log")])
    manifest = build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC))
    folder = sessions_folder(tmp_path) / manifest.session_id
    spoil(tmp_path, folder / "events.jsonl", b"")
    feed = ReplayFeed(folder, loop=True)
    seen: list[int] = []

    def on_any(event: ReplayEvent) -> None:
        seen.append(event.index)
        if len(seen) == 7:
            feed.controls.stop()

    assert feed.on("*", on_any).run().bad_lines == 1


def test_a_damaged_compressed_file_gives_what_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, [record("order_log", n=number) for number in range(20_000)])
    write(tmp_path, [record("trade_log", n=1)], first=30_000)
    apply(tmp_path, keep_of(Settings()), NOON + timedelta(days=10))
    path = tmp_path / "data" / "orders" / "day-2022-01-17.jsonl.zst"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    manifest = build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC))
    assert 1 <= manifest.total_events < 20_001
    assert manifest.bad_lines == 1
    path.write_bytes(b"no zstd")
    assert build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC)).total_events == 1
    assert "orders/day-2022-01-17.jsonl.zst" in caplog.text


def test_retention_sums_up_a_day_with_a_bad_line_and_names_it(tmp_path: Path) -> None:
    write(tmp_path, [record("order_log"), record("order_log"), record("trade_log")])
    spoil(tmp_path, tmp_path / "data" / "orders" / "day-2022-01-17.jsonl", b"no json")
    report = apply(tmp_path, keep_of(Settings()), NOON + timedelta(days=400))
    assert [error.partition(": ")[0] for error in report.errors] == ["orders/day-2022-01-17.jsonl:2"]
    assert not (tmp_path / "data" / "orders" / "day-2022-01-17.jsonl").exists()
    summary = json.loads((tmp_path / "data" / "summaries" / "orders" / "day-2022-01-17.json").read_text())
    assert (summary["counts"], summary["badLines"]) == ({"ORDER_LOG": 2}, 1)


def test_a_bad_line_of_a_symbol_is_as_old_as_the_one_before_it(tmp_path: Path) -> None:
    days = [NOON, NOON + timedelta(days=30)]
    write(tmp_path, [record("state_event", day) for day in days])
    path = tmp_path / "data" / "events" / "SOL-USDT.jsonl"
    spoil(tmp_path, path, b"old and bad")
    path.write_bytes(path.read_bytes() + b"new and bad\n")
    ledger = Ledger(tmp_path / "data")
    ledger.set_length("events/SOL-USDT.jsonl", path.stat().st_size)
    ledger.close()
    report = apply(tmp_path, keep_of(Settings()), days[1] + timedelta(hours=1))
    assert [error.partition(": ")[0] for error in report.errors] == [
        "events/SOL-USDT.jsonl:2",
        "events/SOL-USDT.jsonl:4",
    ]
    kept = path.read_bytes().splitlines()
    assert (len(kept), kept[1]) == (2, b"new and bad")


def test_a_summary_that_cannot_be_read_does_not_keep_its_day_for_ever(tmp_path: Path) -> None:
    write(tmp_path, [record("order_log")])
    summary = tmp_path / "data" / "summaries" / "orders" / "day-2022-01-17.json"
    summary.parent.mkdir(parents=True)
    summary.write_text('{"counts": 5')
    report = apply(tmp_path, keep_of(Settings()), NOON + timedelta(days=400))
    assert any("day-2022-01-17.json" in error for error in report.errors)
    assert json.loads(summary.read_text())["counts"] == {"ORDER_LOG": 1}
