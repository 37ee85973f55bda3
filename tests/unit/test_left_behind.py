"""Which journals hold something that a process left behind unshipped when it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from signaltape.journal.cursor import Cursor, write_cursor
from signaltape.journal.segment import segment_path, written_end
from signaltape.shipping.left_behind import left_behind
from tests.unit.journaling import body, writer


def test_a_living_process_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.append(body(1))
    assert left_behind(tmp_path) == []
    journal.close()
    assert left_behind(tmp_path) == [journal.folder]


@pytest.mark.parametrize("count", [1, 3])
def test_it_is_shipped_once_the_cursor_stands_at_its_end(tmp_path: Path, count: int) -> None:
    journal = writer(tmp_path)
    for number in range(count):
        journal.append(body(number))
    journal.close()
    segment, offset = written_end(journal.folder)
    write_cursor(journal.folder, Cursor(segment=segment, offset=offset - 1))
    assert left_behind(tmp_path) == [journal.folder]
    write_cursor(journal.folder, Cursor(segment=segment, offset=offset))
    assert left_behind(tmp_path) == []


def test_a_journal_without_an_event_or_a_file_is_nothing(tmp_path: Path) -> None:
    assert left_behind(tmp_path) == []
    journal = writer(tmp_path)
    journal.append(body(1))
    journal.close()
    segment_path(journal.folder, written_end(journal.folder)[0]).unlink()
    assert left_behind(tmp_path) == []
