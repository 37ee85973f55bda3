"""Damaged bytes of a journal: what can be put right is, and the rest costs only its own event."""

from __future__ import annotations

from pathlib import Path

import pytest

from signaltape.journal.cursor import Cursor, read_cursor, write_cursor
from signaltape.journal.frame import HEAD_BYTES
from signaltape.journal.home import damaged_path
from signaltape.journal.segment import (
    segment_path,
)
from tests.unit.journaling import PREFIX, body, read_all, writer


def _segment_with(tmp_path: Path, count: int) -> Path:
    journal = writer(tmp_path)
    for number in range(count):
        journal.append(body(number))
    journal.close()
    return journal.folder


def test_a_torn_tail_is_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    folder = _segment_with(tmp_path, 10)
    path = segment_path(folder, 1)
    raw = bytearray(path.read_bytes())
    last = raw.rindex(b'{"n":9')
    raw[last + 4 : last + 40] = bytes(36)  # the end of the last event never reached the file
    path.write_bytes(raw)
    assert len(read_all(folder)) == 9
    assert b'{"n"' in damaged_path(folder).read_bytes()


@pytest.mark.parametrize("where", [-20, -12, -9, -1, 0, 1, 5])
@pytest.mark.parametrize("bit", [0, 3, 7])
def test_a_flipped_bit_is_put_right_wherever_it_is(tmp_path: Path, where: int, bit: int) -> None:
    folder = _segment_with(tmp_path, 10)
    path = segment_path(folder, 1)
    raw = bytearray(path.read_bytes())
    body_at = raw.index(b'{"n":4') - len(PREFIX)
    at = body_at + where if where >= -HEAD_BYTES else body_at - HEAD_BYTES + (where + 20) % 4
    raw[at] ^= 1 << bit
    path.write_bytes(raw)
    assert read_all(folder) == [body(number)[len(PREFIX) :] for number in range(10)]


def test_more_than_a_bit_costs_only_its_own_event(tmp_path: Path) -> None:
    folder = _segment_with(tmp_path, 10)
    path = segment_path(folder, 1)
    raw = bytearray(path.read_bytes())
    at = raw.index(b'{"n":4')
    raw[at : at + 3] = b"XYZ"
    path.write_bytes(raw)
    data = read_all(folder)
    assert len(data) == 9
    assert not any(b'"n":4' in one for one in data)
    assert b"XYZ" in damaged_path(folder).read_bytes()


def test_a_damaged_length_costs_only_its_own_event(tmp_path: Path) -> None:
    folder = _segment_with(tmp_path, 10)
    path = segment_path(folder, 1)
    for length in (1, 0x7FFFFFFF, 0xFFFFFFFF):
        raw = bytearray(path.read_bytes())
        head = raw.index(b'{"n":4') - len(PREFIX) - HEAD_BYTES
        raw[head : head + 4] = length.to_bytes(4, "little")
        path.write_bytes(raw)
        assert len(read_all(folder)) == 9


def test_a_foreign_file_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    folder = _segment_with(tmp_path, 3)
    segment_path(folder, 2).write_bytes(b"something else" * 100)
    (folder / "notes.txt").write_text("hello")
    assert len(read_all(folder)) == 3
    assert (folder / "notes.txt").exists()


def test_a_damaged_cursor_means_from_the_start(tmp_path: Path) -> None:
    write_cursor(tmp_path, Cursor(segment=3, offset=64, events=9))
    assert read_cursor(tmp_path).events == 9
    (tmp_path / "cursor.json").write_text("{half")
    assert read_cursor(tmp_path).events == 0
