"""An id stands in one file, whatever a crash, an older ledger or a power cut has left."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from replay.archive import retention
from replay.archive.archiver import Archive
from replay.archive.atomic import alone_in, write_beside
from replay.archive.files import archive_files
from replay.archive.keeping import keep_of
from replay.archive.ledger_file import inode_of, set_aside
from replay.archive.packed import packed_lines
from replay.archive.retention import apply
from signaltape import Settings
from signaltape.replay.line import read_head
from tests.support.archived import NOON, record, write

ORDERS = Path("data/orders")
TODAY, TOMORROW = (ORDERS / f"day-2022-01-{day}.jsonl" for day in (17, 18))
KEEP = keep_of(Settings())
LATER = NOON + timedelta(days=4)


class Order(NamedTuple):
    """An order with an id of its own."""

    number: int
    days: int = 0

    @property
    def line_id(self) -> str:
        return f"00000000-0000-4000-8000-{self.number:012}"

    @property
    def record(self) -> tuple[str, bytes]:
        return record("order_log", NOON + timedelta(days=self.days), id=self.line_id)


def archive(data: Path, *orders: Order) -> None:
    """Write orders as one batch."""
    write(data, [one.record for one in orders])


def numbers(path: Path) -> list[int]:
    """The orders in a file."""
    with path.open("rb") as file:
        lines = packed_lines(file) if path.suffix == ".zst" else iter(file.read().splitlines())
        return [int(read_head(line).line_id[-12:]) for line in lines]


def left_by_a_crash(data: Path, *orders: Order) -> None:
    """Lines at the end of their file that the ledger does not know."""
    other = data / "other"
    archive(other, *orders)
    (data / TODAY).parent.mkdir(parents=True, exist_ok=True)
    with (data / TODAY).open("ab") as file:
        file.write((other / TODAY).read_bytes())


@pytest.mark.parametrize("before", [[], [9]], ids=["a new file", "the end of a file"])
def test_what_a_crash_left_is_not_taken_over_if_it_came_for_another_day(
    tmp_path: Path, before: list[int]
) -> None:
    archive(tmp_path, *map(Order, before), Order(8, days=1))
    left_by_a_crash(tmp_path, Order(1), Order(2), Order(3))
    archive(tmp_path, Order(1, days=1), Order(3, days=1))
    archive(tmp_path, Order(4))
    assert numbers(tmp_path / TODAY) == [*before, 2, 4]
    assert numbers(tmp_path / TOMORROW) == [8, 1, 3]


def test_what_stands_in_no_other_file_any_more_is_taken_over(tmp_path: Path) -> None:
    archive(tmp_path, Order(1, days=1))
    left_by_a_crash(tmp_path, Order(1), Order(2))
    (tmp_path / TOMORROW).unlink()
    archive(tmp_path, Order(3))
    assert numbers(tmp_path / TODAY) == [1, 2, 3]


def test_a_new_ledger_takes_each_id_from_one_file(tmp_path: Path) -> None:
    archive(tmp_path, Order(1, days=1), Order(2))
    left_by_a_crash(tmp_path, Order(1))
    for path in (tmp_path / "data").glob("archive.db*"):
        path.unlink()
    archive(tmp_path, Order(3))
    assert sorted(numbers(tmp_path / TODAY) + numbers(tmp_path / TOMORROW)) == [1, 2, 3]


def restored_after_compression(data: Path) -> None:
    """An older ledger that does not know what was compressed."""
    archive(data, Order(1))
    ledger = data / "data/archive.db"
    older = ledger.read_bytes()
    archive(data, Order(2))
    apply(data, KEEP, LATER)
    ledger.write_bytes(older)


def test_a_restored_ledger_knows_what_was_compressed(tmp_path: Path) -> None:
    restored_after_compression(tmp_path)
    archive(tmp_path, Order(2), Order(3))
    assert numbers(tmp_path / f"{TODAY}.zst") == [1, 2]
    assert numbers(tmp_path / TODAY) == [3]


def test_a_restored_ledger_knows_what_was_compressed_for_another_day_too(tmp_path: Path) -> None:
    restored_after_compression(tmp_path)
    archive(tmp_path, Order(2, days=1), Order(3, days=1))
    assert numbers(tmp_path / TOMORROW) == [3]


def test_a_restored_ledger_knows_what_was_compressed_though_retention_came_first(tmp_path: Path) -> None:
    restored_after_compression(tmp_path)
    left_by_a_crash(tmp_path, Order(4))
    apply(tmp_path, KEEP, LATER)
    archive(tmp_path, Order(2), Order(5))
    assert numbers(tmp_path / f"{TODAY}.zst") == [1, 2, 4]
    assert numbers(tmp_path / TODAY) == [5]


@pytest.mark.parametrize("ledger", ["lost", "older", "older, of digests alone"])
def test_what_is_compressed_counts_once_though_its_plain_file_is_there_again(
    tmp_path: Path, ledger: str
) -> None:
    """A power cut between the two steps of compression, or a backup that was put back over what is there."""
    archive(tmp_path, Order(1), Order(2))
    path = tmp_path / "data/archive.db"
    plain, older = (tmp_path / TODAY).read_bytes(), path.read_bytes()
    apply(tmp_path, KEEP, LATER)
    (tmp_path / TODAY).write_bytes(plain)
    path.unlink()
    if ledger != "lost":
        path.write_bytes(older)
    if ledger == "older, of digests alone":
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("UPDATE lines SET digest = digest & 4294967295")
    archive(tmp_path, Order(2), Order(3))
    assert numbers(tmp_path / f"{TODAY}.zst") == [1, 2]
    assert numbers(tmp_path / TODAY) == [3]


def test_a_compressed_file_that_is_known_is_not_read_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    archive(tmp_path, Order(1))
    apply(tmp_path, KEEP, LATER)
    archive(tmp_path, Order(2))
    apply(tmp_path, KEEP, LATER)
    caplog.clear()
    archive(tmp_path, Order(3))
    assert "taken over" not in caplog.text
    assert numbers(tmp_path / f"{TODAY}.zst") == [1, 2]


def test_pieces_that_a_power_cut_left_unwritten_are_left_out(tmp_path: Path) -> None:
    archive(tmp_path, Order(1, days=1))
    left_by_a_crash(tmp_path, Order(2), Order(3), Order(4))
    first, second, third = (tmp_path / TODAY).read_bytes().splitlines(keepends=True)
    (tmp_path / TODAY).write_bytes(first + second[:20] + b"\0" * 50 + second[70:] + third)
    archive(tmp_path, Order(5))
    assert numbers(tmp_path / TODAY) == [2, 4, 5]


def test_a_line_that_no_longer_says_what_it_is_is_left_for_its_readers(tmp_path: Path) -> None:
    archive(tmp_path, Order(1, days=1))
    left_by_a_crash(tmp_path, Order(1), Order(2))
    with (tmp_path / TODAY).open("ab") as file:
        file.write(b"by hand\n")
    archive(tmp_path, Order(3))
    assert b"by hand\n" in (tmp_path / TODAY).read_bytes()
    assert b"000000000001" not in (tmp_path / TODAY).read_bytes()


def test_the_same_payload_that_counts_by_its_entries_time_is_a_duplicate_of_another_day(
    tmp_path: Path,
) -> None:
    payload = {**msgspec.json.decode(Order(1).record[1]), "timestamp": None}
    fields = [b"event", b"order_log", b"data", msgspec.json.encode(payload)]
    target = Archive(tmp_path)
    for days in (0, 1):
        at_ms = int((NOON + timedelta(days=days)).timestamp() * 1000)
        target.write(decode_entries([Entry("s:{0}", f"{at_ms}-0", fields)]))
    target.close()
    assert (target.total.lines, target.total.duplicates, target.total.conflicts) == (1, 1, 0)
    assert numbers(tmp_path / TODAY) == [1]


def test_a_snapshot_that_a_crash_left_becomes_the_latest_beside_a_contradiction(tmp_path: Path) -> None:
    snapshot = record("risk_snapshot", id=Order(1).line_id)
    write(tmp_path, [snapshot])
    latest = tmp_path / "data/system/risk_snapshot.json"
    latest.unlink()  # the crash came before it was written
    write(tmp_path, [snapshot, record("risk_snapshot", id=Order(1).line_id, account={"equity": 5})])
    (line,) = latest.read_bytes().splitlines()
    assert b'"equity":5}' not in line


def test_a_damaged_ledger_is_moved_while_nobody_opens_another(tmp_path: Path) -> None:
    archive(tmp_path, Order(1))
    folder = tmp_path / "data"
    mover = threading.Thread(target=set_aside, args=(folder, inode_of(folder)))
    with alone_in(folder):
        mover.start()
        mover.join(0.1)
        assert mover.is_alive()
        assert (folder / "archive.db").exists()
    mover.join(10)
    assert not (folder / "archive.db").exists()


def test_what_a_ledger_that_is_gone_left_beside_it_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    archive(tmp_path, Order(1))
    folder = tmp_path / "data"
    (folder / "archive.db").unlink()
    left = folder / "archive.db-shm"
    left.write_bytes(b"of another")
    with left.open("rb") as file:
        archive(tmp_path, Order(2))
        assert file.read() == b"of another"
    assert numbers(tmp_path / TODAY) == [1, 2]


def test_retention_goes_no_further_once_its_ledger_was_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would not wait for an archiver with the next ledger: what that one appends meanwhile would be lost."""

    def event(number: int, days: int = 0) -> tuple[str, bytes]:
        return record("state_event", NOON - timedelta(days=days), symbol="S", id=Order(number).line_id)

    def replace(root: Path, folder: str) -> list[Path]:
        if inode_of(root) == inode:
            set_aside(root, inode)
        return archive_files(root, folder)

    def append_meanwhile(target: Path, chunks: Iterable[bytes]) -> Path:
        hidden = write_beside(target, chunks)
        if target == tmp_path / path:
            write(tmp_path, [event(3)])
        return hidden

    path = Path("data/events/S.jsonl")
    write(tmp_path, [event(1, days=30), event(2)])
    inode = inode_of(tmp_path / "data")
    with monkeypatch.context() as patched:
        patched.setattr(retention, "archive_files", replace)
        patched.setattr(retention, "write_beside", append_meanwhile)
        report = apply(tmp_path, KEEP, NOON)
    write(tmp_path, [event(3), event(4)])
    assert numbers(tmp_path / path)[-3:] == [2, 3, 4]
    assert report.errors == ["archive: the ledger was deleted or replaced meanwhile"]
