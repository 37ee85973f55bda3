"""The archive's files and its ledger, whatever is done to them from outside: said, and gone on with."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.writing import SinkUnavailable
from replay.archive import files
from replay.archive.archiver import Archive
from replay.archive.keeping import keep_of
from replay.archive.layout import archive_file
from replay.archive.ledger import Ledger
from replay.archive.retention import apply
from replay.sessions import sources
from replay.sessions.sources import Span
from signaltape import Settings
from tests.support.archived import NOON, batch, built, record, write

ORDERS = Path("data", "orders", "day-2022-01-17.jsonl")


def order(number: int, **changes: Any) -> tuple[str, bytes]:
    return record("order_log", **{"n": number, "id": f"0196f3a0-0000-7000-8000-{number:012}", **changes})


def numbers(path: Path) -> list[int]:
    """Every line of a file must be whole."""
    return [json.loads(line)["n"] for line in path.read_bytes().splitlines()]


def test_a_file_that_was_deleted_by_hand_is_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, [order(1), order(2)])
    (tmp_path / ORDERS).unlink()
    write(tmp_path, [order(3)])
    write(tmp_path, [order(4)])
    assert numbers(tmp_path / ORDERS) == [3, 4]
    assert "orders/day-2022-01-17.jsonl was changed from outside: it has 0 bytes" in caplog.text
    assert sorted(one.data["n"] for one in built(tmp_path)) == [3, 4]


@pytest.mark.parametrize(
    ("edit", "left"),
    [
        pytest.param(lambda raw: raw[:-20], [1], id="cut within a line"),
        pytest.param(lambda raw: raw[: raw.index(b"\n") + 1], [1], id="cut between lines"),
        pytest.param(lambda raw: raw.replace(b'"n":1', b'"n":12345'), [12345, 2], id="made longer"),
        pytest.param(lambda raw: raw.replace(b'"symbol":"SOL-USDT",', b"", 1), [1, 2], id="made shorter"),
        pytest.param(lambda raw: b"", [], id="emptied"),
    ],
)
def test_a_file_that_was_edited_by_hand_goes_on_behind_its_last_whole_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, edit: Any, left: list[int]
) -> None:
    write(tmp_path, [order(1), order(2)])
    (tmp_path / ORDERS).write_bytes(edit((tmp_path / ORDERS).read_bytes()))
    write(tmp_path, [order(3)])
    assert numbers(tmp_path / ORDERS) == [*left, 3]
    assert "was changed from outside" in caplog.text


def test_a_ledger_that_was_deleted_is_made_anew_of_the_files(tmp_path: Path) -> None:
    write(tmp_path, [order(1), order(2)])
    for path in (tmp_path / "data").glob("archive.db*"):
        path.unlink()
    done = write(tmp_path, [order(2), order(3)])  # the second comes again
    assert (done.lines, done.duplicates) == (1, 1)
    assert numbers(tmp_path / ORDERS) == [1, 2, 3]


def test_a_ledger_that_is_deleted_while_the_archiver_runs_costs_no_line(tmp_path: Path) -> None:
    target = Archive(tmp_path)
    target.write(batch(order(1)))
    for path in (tmp_path / "data").glob("archive.db*"):
        path.unlink()
    assert len(built(tmp_path)) == 1  # makes another ledger
    target.write(batch(order(1), order(2)))
    target.close()
    write(tmp_path, [order(3)])
    assert numbers(tmp_path / ORDERS) == [1, 2, 3]


def test_two_archivers_of_one_folder_write_each_line_once(tmp_path: Path) -> None:
    first, second = Archive(tmp_path), Archive(tmp_path)
    for number in range(1, 6):
        for one in (first, second):
            one.write(batch(order(number), order(number + 1)))
    first.close()
    second.close()
    assert sorted(numbers(tmp_path / ORDERS)) == [1, 2, 3, 4, 5, 6]


def test_a_session_can_be_built_without_a_ledger(tmp_path: Path) -> None:
    write(tmp_path, [order(1), order(2)])
    for path in (tmp_path / "data").glob("archive.db*"):
        path.unlink()
    assert sorted(one.data["n"] for one in built(tmp_path)) == [1, 2]


@pytest.mark.parametrize("damage", [b"no database at all, only some text" * 100, b""], ids=["text", "empty"])
def test_a_ledger_that_is_damaged_is_set_aside_and_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
) -> None:
    write(tmp_path, [order(1), order(2)])
    for path in (tmp_path / "data").glob("archive.db-*"):
        path.unlink()
    (tmp_path / "data" / "archive.db").write_bytes(damage)
    try:
        done = write(tmp_path, [order(2), order(3)])
    except SinkUnavailable:  # as the loop does, which tries the same batch again
        done = write(tmp_path, [order(2), order(3)])
        assert "archive.db is damaged" in caplog.text
        assert len(list((tmp_path / "data").glob("archive.db.damaged-*"))) == 1
    assert (done.lines, done.duplicates) == (1, 1)
    assert numbers(tmp_path / ORDERS) == [1, 2, 3]


def test_a_ledger_with_a_torn_page_is_set_aside_too(tmp_path: Path) -> None:
    write(tmp_path, [order(number) for number in range(1, 4000)])
    raw = bytearray((tmp_path / "data" / "archive.db").read_bytes())
    raw[4096:] = b"\x55" * (len(raw) - 4096)
    (tmp_path / "data" / "archive.db").write_bytes(raw)
    for _ in range(2):
        try:
            write(tmp_path, [order(1), order(5000)])
        except SinkUnavailable:
            continue
    assert numbers(tmp_path / ORDERS) == [*range(1, 4000), 5000]


def test_a_file_that_was_put_there_by_hand_is_kept_and_read(tmp_path: Path) -> None:
    write(tmp_path / "other", [order(1)])
    write(tmp_path, [record("trade_log", n=5)])
    (tmp_path / ORDERS).parent.mkdir()
    (tmp_path / ORDERS).write_bytes((tmp_path / "other" / ORDERS).read_bytes())
    assert sorted(one.data["n"] for one in built(tmp_path)) == [1, 5]
    done = write(tmp_path, [order(1), order(2)])
    assert (done.lines, done.duplicates) == (1, 1)
    assert numbers(tmp_path / ORDERS) == [1, 2]


def test_a_ledger_of_before_is_gone_on_with(tmp_path: Path) -> None:
    write(tmp_path, [order(1)])
    with sqlite3.connect(tmp_path / "data" / "archive.db") as old:
        old.executescript(
            "CREATE TABLE older (id BLOB PRIMARY KEY, seen INTEGER NOT NULL) WITHOUT ROWID;"
            "INSERT INTO older SELECT id, seen FROM lines; DROP TABLE lines; ALTER TABLE older RENAME TO lines;"
        )
    old.close()
    done = write(tmp_path, [order(1, n=9), order(2)])
    assert (done.lines, done.duplicates, done.conflicts) == (1, 1, 0), "what it held cannot be told any more"


def test_the_same_id_with_other_content_is_a_conflict_and_the_first_one_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done = write(tmp_path, [order(1, price=1), order(1, price=1), order(1, price=2)])
    assert (done.lines, done.duplicates, done.conflicts) == (1, 1, 1)
    done = write(tmp_path, [order(1, price=1), order(1, price=3), order(2)])
    assert (done.lines, done.duplicates, done.conflicts) == (1, 1, 1)
    assert caplog.text.count("0196f3a0-0000-7000-8000-000000000001 came again with other content") == 2
    assert json.loads((tmp_path / ORDERS).read_bytes().splitlines()[0])["price"] == 1


def test_a_build_that_meets_retention_reads_either_the_old_file_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [NOON + timedelta(days=day) for day in range(30)]
    write(tmp_path, [record("state_event", day, n=number) for number, day in enumerate(days)])
    length = Ledger.length
    ran: list[bool] = []

    def first_retention_then_length(ledger: Ledger, path: str) -> Any:
        if not ran:
            ran.append(True)
            apply(tmp_path, keep_of(Settings()), days[-1] + timedelta(hours=1))
        return length(ledger, path)

    monkeypatch.setattr(Ledger, "length", first_retention_then_length)
    found = [one.data["n"] for one in built(tmp_path, Span(days[0], days[-1] + timedelta(days=1)))]
    assert found == [number for number in range(30) if number >= 29 - 7]


def test_a_build_that_meets_compression_reads_the_day_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, [order(1), order(2)])
    listed = files.archive_files
    ran: list[bool] = []

    def list_then_compress(root: Path, folder: str) -> list[Path]:
        found = listed(root, folder)
        if folder == "orders" and not ran:
            ran.append(True)
            assert apply(tmp_path, keep_of(Settings()), NOON + timedelta(days=10)).compressedFiles
        return found

    monkeypatch.setattr(sources, "archive_files", list_then_compress)
    assert sorted(one.data["n"] for one in built(tmp_path)) == [1, 2]


ODD_SYMBOLS = [
    *(
        "x.jsonl",
        "x.jsonl.zst",
        ".jsonl",
        "day-2020-01-01",
        "Day-2020-01-01",
        "day-2020-01-01.jsonl",
        ".",
        "..",
        "/",
    ),
    *(
        "a/b",
        "../x",
        "NUL",
        "con",
        "🚀" * 30,
        "x" * 128,
        "é",
        "%2E",
        "~",
        "a~b",
        "x.new",
        ".x.new",
        "archive.db",
    ),
]


@pytest.mark.parametrize("symbol", ODD_SYMBOLS)
def test_no_symbol_hides_its_lines_or_those_of_others(tmp_path: Path, symbol: str) -> None:
    kinds = ("state_event", "market_trade", "order_log")
    write(tmp_path, [record(kind, symbol=one, n=1) for kind in kinds for one in (symbol, "SOL-USDT")])
    assert len(built(tmp_path)) == 6
    report = apply(tmp_path, keep_of(Settings()), NOON + timedelta(hours=1))
    assert (report.deletedFiles, report.errors) == ([], [])
    assert len(built(tmp_path)) == 6
    report = apply(tmp_path, keep_of(Settings()), NOON + timedelta(days=200))
    assert (len(report.deletedFiles), report.errors) == (5, [])
    assert built(tmp_path) == []


@given(
    st.one_of(st.sampled_from(ODD_SYMBOLS), st.text(min_size=1, max_size=128)),
    st.sampled_from(["state_event", "market_trade"]),
)
def test_the_file_of_a_symbol_is_never_taken_for_one_of_a_day(symbol: str, kind: str) -> None:
    path = Path(archive_file(kind, symbol, "2022-01-17T05"))
    name = path.parts[1]
    assert len(path.parts) == (2 if kind == "state_event" else 3)
    assert not name.startswith(("day-", "."))
    assert len(name.encode()) < 200
    assert ".jsonl" not in name.removesuffix(".jsonl")


def test_lines_that_lie_under_a_name_of_before_are_found_and_kept(tmp_path: Path) -> None:
    write(tmp_path, [record("state_event", symbol="A", n=1), record("market_trade", symbol="A", n=2)])
    root = tmp_path / "data"
    (root / "events" / "A.jsonl").rename(root / "events" / "day-2020-01-01.jsonl")
    (root / "market" / "A").rename(root / "market" / "x.jsonl")
    with sqlite3.connect(root / "archive.db") as ledger:
        ledger.execute(
            "UPDATE files SET path = replace(replace(path, 'events/A', 'events/day-2020-01-01'), '/A/', '/x.jsonl/')"
        )
    ledger.close()
    assert sorted(one.data["n"] for one in built(tmp_path)) == [1, 2]
    report = apply(tmp_path, keep_of(Settings()), NOON + timedelta(hours=1))
    assert (report.deletedFiles, report.errors) == ([], [])
