"""A day that is there both plain and compressed, and a ledger that does not know why: each of its lines counts once.

Compression died between its two steps and an older ledger was restored, or a backup was put back over what is there.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from replay.archive.keeping import keep_of
from replay.archive.packed import packed_lines
from replay.archive.retention import apply
from replay.sessions.sources import ArchiveSource
from signaltape import Settings
from signaltape.replay.line import payload_of
from tests.support.archived import DAY, NOON, record, write

KEEP = keep_of(Settings())
PLAIN = Path("data/orders/day-2022-01-17.jsonl")
LATER = NOON + timedelta(days=4)
MUCH_LATER = NOON + timedelta(days=60)
SUMMARY = Path("data/summaries/orders/day-2022-01-17.json")


def order(number: int) -> tuple[str, bytes]:
    return record("order_log", NOON, n=number)


def numbers(data: Path) -> list[int]:
    """The orders in the compressed file."""
    with (data / f"{PLAIN}.zst").open("rb") as file:
        return [json.loads(payload_of(line))["n"] for line in packed_lines(file)]


def forget_ids(ledger: Path) -> None:
    """They came in too long ago."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        db.execute("DELETE FROM lines")


@pytest.fixture(params=["knew nothing of the day", "knew its first line", "knew all of its plain file"])
def in_both_forms(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Orders 0 and 1 are compressed, their plain file is there, and the ledger is of a time before."""
    ledger, copies = tmp_path / "data/archive.db", {}
    write(tmp_path, [record("trade_log", NOON)], first=10)
    copies["knew nothing of the day"] = ledger.read_bytes()
    write(tmp_path, [order(0)])
    copies["knew its first line"] = ledger.read_bytes()
    write(tmp_path, [order(1)], first=1)
    copies["knew all of its plain file"] = ledger.read_bytes()
    plain = (tmp_path / PLAIN).read_bytes()
    apply(tmp_path, KEEP, LATER)
    (tmp_path / PLAIN).write_bytes(plain)
    ledger.write_bytes(copies[request.param])
    return tmp_path


def test_a_retention_that_comes_first_does_not_compress_it_again(in_both_forms: Path) -> None:
    assert not apply(in_both_forms, KEEP, LATER).errors
    assert numbers(in_both_forms) == [0, 1]
    assert not (in_both_forms / PLAIN).exists()


def test_a_retention_that_comes_first_sums_it_up_once(in_both_forms: Path) -> None:
    assert not apply(in_both_forms, KEEP, MUCH_LATER).errors
    assert json.loads((in_both_forms / SUMMARY).read_bytes())["counts"] == {"ORDER_LOG": 2}


def test_a_session_that_is_built_first_holds_its_lines_once(in_both_forms: Path) -> None:
    assert ArchiveSource(in_both_forms).count(DAY) == {"orders": 2, "trades": 1}


@pytest.mark.parametrize("ledger", ["lost", "older", "the present one"])
def test_a_backup_that_was_put_back_over_a_day_compressed_long_ago_adds_nothing(
    tmp_path: Path, ledger: str
) -> None:
    """Longer ago than ids are remembered."""
    write(tmp_path, [order(0), order(1)])
    path = tmp_path / "data/archive.db"
    plain, older = (tmp_path / PLAIN).read_bytes(), path.read_bytes()
    apply(tmp_path, KEEP, LATER)
    (tmp_path / PLAIN).write_bytes(plain)
    for one in (tmp_path / PLAIN, tmp_path / f"{PLAIN}.zst"):
        os.utime(one, times=(NOON.timestamp(), NOON.timestamp()))
    forget_ids(path)
    if ledger == "lost":
        path.unlink()
    elif ledger == "older":
        path.write_bytes(older)
    assert not apply(tmp_path, KEEP, LATER).errors
    assert numbers(tmp_path) == [0, 1]
