"""The archive: every line once and whole, whatever dies; and its retention."""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding.decode import Batch, decode_entries
from consumer.entry import Entry
from replay.archive.archiver import Archive
from replay.archive.archiving import _until_next
from replay.archive.files import read_lines
from replay.archive.layout import archive_file, safe_name
from replay.archive.ledger import Ledger
from replay.archive.retention import apply, keep_of
from signaltape import Emitter, Settings
from signaltape.clock import WIB
from signaltape.stream import ARCHIVE_GROUP
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.integration.conftest import Runner
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES
from tests.support.waiting import eventually

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)  # noon in Jakarta


def batch(*events: tuple[str, dict[str, Any]], first: int = 1) -> Batch:
    """Events as a consumer reads them, from entry number `first` on."""
    return decode_entries(
        [
            Entry(
                "s:{0}",
                f"{first + number}-0",
                [b"event", name.encode(), b"data", msgspec.json.encode(fields)],
            )
            for number, (name, fields) in enumerate(events)
        ]
    )


def at(name: str, when: datetime, **changes: Any) -> tuple[str, dict[str, Any]]:
    return name, {**RECORD_SAMPLES[name], "timestamp": when.isoformat(), **changes}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@contextmanager
def archive(data: Path) -> Iterator[Archive]:
    target = Archive(data)
    yield target
    target.close()


def emit_all(settings: Settings) -> None:
    """One of everything, through journal and stream."""
    with Emitter(settings, strict=True) as tape:
        tape.published(SAMPLES["signal_published"]())
        tape.state(RECORD_SAMPLES["state_event"])
        tape.trade(RECORD_SAMPLES["trade_log"])
        tape.order(RECORD_SAMPLES["order_log"])
        for kind in ("risk", "tpsl", "execution", "health", "scoring", "regime", "feature"):
            tape.snapshot(kind, RECORD_SAMPLES[f"{kind}_snapshot"])
        for kind in ("trade", "book", "candle"):
            tape.market(kind, RECORD_SAMPLES[f"market_{kind}"])


def test_everything_an_engine_does_lands_in_its_file_and_in_its_table(
    settings: Settings, runner: Runner, connection: Connection, tmp_path: Path
) -> None:
    emit_all(settings)
    code, out, err = runner.run("replay", "archive", "--once", SIGNALTAPE_DATA=str(tmp_path))
    assert (code, out) == (0, "archived 14, duplicates 0, conflicts 0, invalid 0\n"), err
    data = tmp_path / "data"
    (state,) = lines(data / "events" / "SOL-USDT.jsonl")
    assert {name: state[name] for name in RECORD_SAMPLES["state_event"]} == RECORD_SAMPLES["state_event"]
    assert state["_event"] == "state_event"
    today = f"day-{datetime.now(WIB).date()}.jsonl"
    (order,) = lines(data / "orders" / today)
    assert (order["clientOrderId"], order["mode"]) == ("c-1", "SIM")
    (trade,) = lines(data / "trades_log" / today)
    assert trade["dateKey"] == str(datetime.now(WIB).date())
    assert [one["_event"] for one in lines(data / "signals" / today)] == ["signal_published"]
    assert len(lines(data / "system" / "history" / today)) == 7
    assert (
        json.loads((data / "system" / "health_snapshot.json").read_text())["services"]["orders"]["message"]
        == "slow"
    )
    assert len(lines(data / "market" / "SOL-USDT" / today)) == 3
    assert runner.run("worker", "--once")[0] == 0
    found = connection.execute("SELECT event, count(*) FROM records GROUP BY event").fetchall()
    assert dict(found) == dict.fromkeys(RECORD_SAMPLES, 1)
    row = connection.execute(
        "SELECT class, symbol, event_type, payload->>'toState' FROM records WHERE event = 'state_event'"
    ).fetchone()
    assert row == ("events", "SOL-USDT", "SCORING_UPDATE", "SETUP")


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


def load_stream(client: Any, key: str, count: int) -> None:
    """Records of several kinds, as a foreign producer adds them."""
    chance = random.Random(1)
    names = ["order_log", "trade_log", "state_event", "market_trade", "risk_snapshot"]
    with client.pipeline(transaction=False) as pipe:
        for number in range(count):
            name = names[number % len(names)]
            fields = {
                **RECORD_SAMPLES[name],
                "timestamp": 1642395600000 + chance.randrange(10**8),
                "n": number,
            }
            pipe.xadd(key, {"event": name, "data": json.dumps(fields)})
            if number % 2000 == 1999:
                pipe.execute()
        pipe.execute()


def everything(data: Path) -> Counter[int]:
    """How often each record stands in the archive; every line must be whole."""
    found: Counter[int] = Counter()
    for path in (data / "data").rglob("*.jsonl"):
        found.update(json.loads(line)["n"] for line in path.read_bytes().splitlines())
    return found


@pytest.mark.parametrize("failpoint", ["archive.before_commit", "archive.after_commit", "at random"])
def test_kill_9_again_and_again_loses_doubles_and_tears_nothing(
    settings: Settings, runner: Runner, redis_client: Any, key: str, tmp_path: Path, failpoint: str
) -> None:
    count = 20_000
    load_stream(redis_client, key, count)
    data = {"SIGNALTAPE_DATA": str(tmp_path)}
    for round_number in range(4):
        if failpoint == "at random":
            process = runner.start("replay", "archive", **data)
            expected = (round_number + 1) * count // 8
            eventually(partial(has_read, redis_client, key, expected))
            process.popen.send_signal(signal.SIGKILL)
        else:
            process = runner.start("replay", "archive", **data, SIGNALTAPE_FAILPOINTS=f"{failpoint}=kill@1")
        assert process.finish()[0] == -9
    code, _, err = runner.run("replay", "archive", "--once", **data)
    assert code == 0, err
    found = everything(tmp_path)
    assert len(found) == count
    assert set(found.values()) == {1}
    assert redis_client.xpending(key, ARCHIVE_GROUP)["pending"] == 0


def has_read(client: Any, key: str, count: int) -> bool:
    """Whether the archive's group was given so many entries by now."""
    groups = {one["name"]: one for one in client.xinfo_groups(key)}
    group = groups.get(ARCHIVE_GROUP.encode())
    return group is not None and int(group["entries-read"] or 0) >= count


def test_a_full_disk_is_waited_out(
    settings: Settings, runner: Runner, redis_client: Any, key: str, tmp_path: Path
) -> None:
    load_stream(redis_client, key, 100)
    limited = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); sys.argv = ['replay', 'archive', '--once'];"
        "runpy.run_module('replay', run_name='__main__')"
    )
    code, _, err = runner.start_code(limited, SIGNALTAPE_DATA=str(tmp_path)).finish()
    assert code == 1
    assert f"Error: the archive under {tmp_path / 'data'}: " in err
    assert "Traceback" not in err
    assert runner.run("replay", "archive", "--once", SIGNALTAPE_DATA=str(tmp_path))[0] == 0
    assert set(everything(tmp_path).values()) == {1}
    assert len(everything(tmp_path)) == 100


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


def names(tmp_path: Path, folder: str) -> list[str]:
    return sorted(path.name for path in (tmp_path / "data" / folder).rglob("*.jsonl*"))


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


def test_records_come_once_whatever_comes_again(connection: Connection) -> None:
    writer = BatchWriter(connection)
    records = batch(*(at(name, NOON) for name in RECORD_SAMPLES)).records
    first = writer.write([], (), records)
    twice = records.part(0, len(records))
    twice.extend(records)
    again = writer.write([], (), twice)
    third = writer.write([], (), records)
    assert (first.stored, again.stored, again.duplicates, third.duplicates) == (13, 0, 26, 13)
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (13,)


def test_the_nightly_run_is_at_three_in_jakarta() -> None:
    assert _until_next(datetime(2022, 1, 17, 19, 0, tzinfo=UTC)) == timedelta(hours=1)
    assert _until_next(datetime(2022, 1, 17, 20, 0, tzinfo=UTC)) == timedelta(hours=24)
