"""A file that was made shorter by hand grows again, and its archiver dies before it commits: no line comes twice."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from replay.archive import archiver
from tests.support.archived import NOON, built, record, write

DAY_FILE = "data/orders/day-2022-01-17.jsonl"


def orders(*numbers: int) -> list[tuple[str, bytes]]:
    """Orders whose lines are all of one length."""
    return [record("order_log", NOON + timedelta(seconds=number), n=number) for number in numbers]


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["n"] for line in path.read_bytes().splitlines()]


def die_before_the_commit(data: Path, events: list[tuple[str, bytes]], first: int) -> None:
    def die(point: str) -> None:
        if point == "archive.before_commit":
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(archiver, "failpoint", die)
        write(data, events, first)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of four orders, all committed."""
    write(tmp_path, orders(0, 1, 2, 3))
    return tmp_path / DAY_FILE


def test_lines_that_end_where_the_lost_ones_ended_come_once(tmp_path: Path, path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    die_before_the_commit(tmp_path, orders(4, 5), first=4)
    assert path.stat().st_size == len(whole)
    write(tmp_path, orders(4, 5), first=4)
    assert numbers(path) == [0, 1, 4, 5]


def test_lines_that_fill_a_file_that_was_deleted_come_once(tmp_path: Path, path: Path) -> None:
    whole = path.read_bytes()
    path.unlink()
    die_before_the_commit(tmp_path, orders(4, 5, 6, 7, 8), first=4)
    assert path.stat().st_size > len(whole)
    write(tmp_path, orders(4, 5, 6, 7, 8), first=4)
    assert numbers(path) == [4, 5, 6, 7, 8]


def test_the_shorter_length_is_committed_before_the_file_grows(tmp_path: Path, path: Path) -> None:
    """Power fails amid the growth, and the file is as long as it once was: what was never written is no line."""
    whole = path.read_bytes()
    begin, *_, last = whole.splitlines(keepends=True)
    path.write_bytes(begin)
    die_before_the_commit(tmp_path, orders(4, 5, 6), first=4)
    path.write_bytes(begin + bytes(len(whole) - len(begin) - len(last)) + last)
    write(tmp_path, orders(4, 5, 6), first=4)
    assert numbers(path) == [0, 4, 5, 6]


def test_what_a_cut_by_hand_and_a_power_cut_leave_together_is_named_and_harms_no_line(
    tmp_path: Path, path: Path
) -> None:
    """Nobody had looked at the file in between: it is as long as the ledger says, with a hole in it."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:100] + bytes(len(lines[1]) + 50 - 100) + lines[2][50:] + lines[3])
    write(tmp_path, orders(4), first=4)
    assert [event.data["n"] for event in built(tmp_path)] == [0, 3, 4]
