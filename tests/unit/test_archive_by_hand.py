"""Files and ledgers that were touched by hand, restored or lost: no line is lost, doubled or torn by it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from consumer.writing import SinkUnavailable
from replay.archive import archiver
from replay.archive.appending import append
from replay.archive.archiver import Archive, Archived
from replay.archive.keeping import keep_of
from replay.archive.layout import snapshot_file
from replay.archive.retention import apply
from signaltape import Settings
from signaltape.replay.line import payload_of
from tests.support.archived import NOON, batch, built, record, write
from tests.support.waiting import LONGEST_S

DAY_FILE = "data/orders/day-2022-01-17.jsonl"
KEEP = keep_of(Settings(keep_orders_days=3650, keep_state_events_days=30))
#: Archives one record in a process of its own.
_OTHER = """
import sys
from pathlib import Path
from tests.support.archived import record, write
_, data, name, number = sys.argv
write(Path(data), [record(name, n=int(number))], first=int(number))
"""
LATER = NOON + timedelta(days=60)


def order(number: int) -> tuple[str, bytes]:
    return record("order_log", NOON + timedelta(seconds=number), n=number)


def numbers(data: Path) -> list[int]:
    """What is in the archive, by the number each order has."""
    return [event.data["n"] for event in built(data)]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """An archive of orders 0 to 2 whose ledger was restored from a time when there was only 0."""
    write(tmp_path, [order(0)])
    shutil.copy(tmp_path / "data/archive.db", tmp_path / "backup.db")
    write(tmp_path, [order(1), order(2)], first=1)
    shutil.copy(tmp_path / "backup.db", tmp_path / "data/archive.db")
    return tmp_path


def test_lines_that_an_older_ledger_does_not_know_stay(older: Path) -> None:
    write(older, [order(3)], first=3)
    assert numbers(older) == [0, 1, 2, 3]


def test_lines_that_an_older_ledger_does_not_know_are_known_when_they_come_again(older: Path) -> None:
    write(older, [order(3)], first=3)
    assert write(older, [order(1), order(2)], first=1) == Archived(duplicates=2)
    assert numbers(older) == [0, 1, 2, 3]


def test_lines_behind_a_remark_that_an_older_ledger_does_not_know_stay(older: Path) -> None:
    file = older / DAY_FILE
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:2], b"-- looked at by hand\n", *lines[2:]]))
    write(older, [order(3)], first=3)
    assert numbers(older) == [0, 1, 2, 3]
    assert b"-- looked at by hand\n" in file.read_bytes()


def test_lines_behind_one_that_comes_again_stay_when_an_older_ledger_knows_neither(older: Path) -> None:
    assert write(older, [order(1)], first=1) == Archived(duplicates=1)
    assert numbers(older) == [0, 1, 2]


def test_a_session_holds_lines_that_an_older_ledger_does_not_know(older: Path) -> None:
    assert numbers(older) == [0, 1, 2]


def test_compression_keeps_lines_that_an_older_ledger_does_not_know(older: Path) -> None:
    assert not apply(older, KEEP, LATER).errors
    assert not (older / DAY_FILE).exists()
    assert numbers(older) == [0, 1, 2]


def test_a_file_that_grew_in_an_editor_is_compressed_whole(tmp_path: Path) -> None:
    write(tmp_path, [order(0), order(1)])
    path = tmp_path / DAY_FILE
    path.write_bytes(path.read_bytes().replace(b'"n":0', b'"n":7000'))
    assert not apply(tmp_path, KEEP, LATER).errors
    assert numbers(tmp_path) == [7000, 1]


def test_a_session_holds_all_of_a_file_that_grew_in_an_editor(tmp_path: Path) -> None:
    write(tmp_path, [order(0), order(1)])
    path = tmp_path / DAY_FILE
    path.write_bytes(path.read_bytes().replace(b'"n":0', b'"n":7000'))
    assert numbers(tmp_path) == [7000, 1]


def test_a_last_line_whose_newline_an_editor_took_away_stays(tmp_path: Path) -> None:
    write(tmp_path, [order(0), order(1)])
    path = tmp_path / DAY_FILE
    path.write_bytes(path.read_bytes().rstrip())
    write(tmp_path, [order(2)], first=2)
    assert numbers(tmp_path) == [0, 1, 2]


def test_a_file_that_was_cut_for_a_while_and_then_restored_is_whole_again(tmp_path: Path) -> None:
    write(tmp_path, [order(0), order(1), order(2)])
    whole = (tmp_path / DAY_FILE).read_bytes()
    (tmp_path / DAY_FILE).write_bytes(whole[:-40])
    assert numbers(tmp_path) == [0, 1]
    (tmp_path / DAY_FILE).write_bytes(whole)
    assert numbers(tmp_path) == [0, 1, 2]
    write(tmp_path, [order(3)], first=3)
    assert numbers(tmp_path) == [0, 1, 2, 3]


def test_an_older_snapshot_does_not_become_the_latest_when_the_ledger_is_lost(tmp_path: Path) -> None:
    write(tmp_path, [record("risk_snapshot", NOON, n=2)])
    (tmp_path / "data/archive.db").unlink()
    write(tmp_path, [record("risk_snapshot", NOON - timedelta(minutes=1), n=1)], first=1)
    latest = tmp_path / "data" / snapshot_file("risk_snapshot")
    assert json.loads(payload_of(latest.read_bytes().strip()))["n"] == 2


@pytest.mark.parametrize("blank", [b"\n", b" "])
def test_a_payload_with_blanks_is_a_duplicate_and_no_conflict_when_the_ledger_is_lost(
    tmp_path: Path, blank: bytes
) -> None:
    name, payload = order(0)
    spread = blank + payload.replace(b',"', b"," + blank + b'"') + blank
    write(tmp_path, [(name, spread)])
    (tmp_path / "data/archive.db").unlink()
    assert write(tmp_path, [(name, spread)]) == Archived(duplicates=1)


@pytest.mark.parametrize(
    ("part", "odd"),
    [("_id", "-" * 35 + "a"), ("_id", "g" * 36), ("_ts", "2022-01-17T05:00:00"), ("_ts", "20220117")],
)
def test_a_line_with_a_front_that_we_never_write_stops_neither_archiver_nor_replay(
    tmp_path: Path, part: str, odd: str
) -> None:
    write(tmp_path, [order(0), order(1)])
    path = tmp_path / DAY_FILE
    first, second = path.read_bytes().splitlines()
    was = json.loads(first)[part]
    path.write_bytes(first.replace(was.encode(), odd.encode()) + b"\n" + second + b"\n")
    (tmp_path / "data/archive.db").unlink()
    write(tmp_path, [order(2)], first=2)
    assert numbers(tmp_path) == [1, 2]


def test_a_line_whose_end_became_that_of_another_system_holds_its_payload(tmp_path: Path) -> None:
    write(tmp_path, [record("order_log", n=0, _id="own")])
    path = tmp_path / DAY_FILE
    line = path.read_bytes().rstrip()
    assert json.loads(payload_of(line + b"\r")) == json.loads(payload_of(line))


def test_a_file_of_a_symbol_that_was_compressed_by_hand_is_still_one_when_its_old_lines_are_gone(
    tmp_path: Path,
) -> None:
    new = LATER - timedelta(days=1)
    write(tmp_path, [record("state_event", NOON, n=0), record("state_event", new, n=1)])
    (path,) = (tmp_path / "data/events").iterdir()
    packed = path.with_name(path.name + ".zst")
    packed.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
    path.unlink()
    assert not apply(tmp_path, KEEP, LATER).errors
    with packed.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read()
    assert [json.loads(line)["n"] for line in text.splitlines()] == [1]


def test_a_compressed_file_that_was_cut_is_said_to_be_and_late_lines_are_not_lost_behind_it(
    tmp_path: Path,
) -> None:
    write(tmp_path, [order(number) for number in range(50)])
    apply(tmp_path, KEEP, LATER)
    packed = tmp_path / f"{DAY_FILE}.zst"
    packed.write_bytes(packed.read_bytes()[:-20])
    write(tmp_path, [order(99)], first=99)
    report = apply(tmp_path, KEEP, LATER)
    assert 99 in numbers(tmp_path)
    assert any("day-2022-01-17.jsonl" in one for one in report.errors), report.errors


def test_a_damaged_ledger_that_cannot_be_moved_is_waited_for(tmp_path: Path, monkeypatch: Any) -> None:
    write(tmp_path, [order(0)])
    (tmp_path / "data/archive.db").write_bytes(b"no ledger" * 1000)

    def refuse(_folder: Path, _inode: int | None) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(archiver, "set_aside", refuse)
    target = Archive(tmp_path)
    with pytest.raises(SinkUnavailable):
        target.write(batch(order(1), first=1))


def test_a_ledger_that_is_deleted_amid_a_batch_costs_no_line(tmp_path: Path, monkeypatch: Any) -> None:
    """Another archiver makes a new ledger of the files before this batch is in them."""
    write(tmp_path, [order(0)])
    target = Archive(tmp_path)
    python = [sys.executable, "-c", _OTHER, str(tmp_path)]

    def lose_the_ledger(*arguments: Any) -> int:
        monkeypatch.setattr(archiver, "append", append)
        for path in (tmp_path / "data").glob("archive.db*"):
            path.unlink()
        subprocess.run([*python, "trade_log", "100"], check=True, timeout=LONGEST_S)
        return append(*arguments)

    monkeypatch.setattr(archiver, "append", lose_the_ledger)
    try:
        target.write(batch(order(1), first=1))
    except SinkUnavailable:
        target.write(batch(order(1), first=1))
    subprocess.run([*python, "order_log", "2"], check=True, timeout=LONGEST_S)
    target.close()
    assert sorted(numbers(tmp_path)) == [0, 1, 2, 100]


def test_a_snapshot_whose_line_a_crash_left_becomes_the_latest_when_it_comes_again(
    tmp_path: Path, monkeypatch: Any
) -> None:
    def die(_self: Archive, _event: str, _line: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "_replace_snapshot", die)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, [record("risk_snapshot", NOON, n=1)])
    assert write(tmp_path, [record("risk_snapshot", NOON, n=1)]).duplicates == 1
    latest = tmp_path / "data" / snapshot_file("risk_snapshot")
    assert json.loads(payload_of(latest.read_bytes().strip()))["n"] == 1


def test_other_content_under_a_known_id_never_becomes_the_latest_snapshot(tmp_path: Path) -> None:
    one = "0196f3a0-0000-7000-8000-000000000001"
    write(tmp_path, [record("risk_snapshot", NOON, id=one, n=1)])
    assert write(tmp_path, [record("risk_snapshot", NOON + timedelta(hours=1), id=one, n=2)]).conflicts == 1
    latest = tmp_path / "data" / snapshot_file("risk_snapshot")
    assert json.loads(payload_of(latest.read_bytes().strip()))["n"] == 1


def test_a_ledger_that_is_deleted_amid_a_batch_costs_no_line_of_the_same_file(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """Another archiver has a new ledger, and lines committed where this batch was to begin."""
    write(tmp_path, [order(0)])
    target = Archive(tmp_path)

    def lose_the_ledger(*arguments: Any) -> int:
        monkeypatch.setattr(archiver, "append", append)
        for path in (tmp_path / "data").glob("archive.db*"):
            path.unlink()
        python = [sys.executable, "-c", _OTHER, str(tmp_path)]
        subprocess.run([*python, "order_log", "2"], check=True, timeout=LONGEST_S)
        return append(*arguments)

    monkeypatch.setattr(archiver, "append", lose_the_ledger)
    with pytest.raises(SinkUnavailable):
        target.write(batch(order(1), first=1))
    target.write(batch(order(1), first=1))
    target.close()
    assert sorted(numbers(tmp_path)) == [0, 1, 2]
