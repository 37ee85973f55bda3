"""Flipped bits and lost pages in a journal: all that can be read is read, counted rightly, and not doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.clock import utc_now
from signaltape.journal.cursor import CURSOR_FILE, Cursor, find_cursor, read_cursor, write_cursor
from signaltape.journal.frame import HEAD_BYTES, body_prefix
from signaltape.journal.home import damaged_path
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.segment import HEADER_BYTES, first_event_of, segment_numbers, segment_path
from signaltape.journal.writer import JournalWriter

MIB = 1024 * 1024
PREFIX = body_prefix("signal_closed")
#: the segment's own fields: magic, first event, size, checksum
FIELDS_BYTES = 28


def journal_of(home: Path, sizes: list[int]) -> Path:
    """A journal whose engine has ended, with one event of each size."""
    journal = JournalWriter(home, segment_bytes=MIB, max_bytes=64 * MIB, clock=utc_now)
    for number, size in enumerate(sizes):
        journal.append(PREFIX + b'{"n":%d,"pad":"%s"}' % (number, b"x" * size))
    journal.close()
    return journal.folder


def reader_of(folder: Path) -> JournalReader:
    reader = JournalReader(folder, JournalPosition(0, 0, 0))
    reader.ended = True
    return reader


def read_numbers(reader: JournalReader) -> list[int]:
    items = reader.read(10**9, 10**12)
    reader.close()
    return [int(item.frame.data[5:].partition(b",")[0]) for item in items]


def flip(path: Path, bit: int) -> None:
    with path.open("r+b", buffering=0) as file:
        file.seek(bit >> 3)
        (byte,) = file.read(1)
        file.seek(bit >> 3)
        file.write(bytes([byte ^ 1 << (bit & 7)]))


def test_no_flipped_bit_of_a_header_costs_or_miscounts_an_event(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, [600_000, 600_000, 10])
    assert segment_numbers(folder) == [1, 2]
    for number in (1, 2):
        path = segment_path(folder, number)
        for bit in range(FIELDS_BYTES * 8):
            flip(path, bit)
            reader = reader_of(folder)
            assert read_numbers(reader) == [0, 1, 2], (number, bit)
            assert (reader.position.events, reader.missed, reader.damaged) == (3, 0, 0), (number, bit)
            assert first_event_of(folder, number) == number - 1, (number, bit)
            flip(path, bit)


def test_a_header_that_is_gone_costs_no_event(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, [600_000, 600_000, 600_000, 10])
    for number in (1, 2):
        raw = bytearray(segment_path(folder, number).read_bytes())
        raw[:FIELDS_BYTES] = b"\xa5" * FIELDS_BYTES
        segment_path(folder, number).write_bytes(raw)
    reader = reader_of(folder)
    assert read_numbers(reader) == [0, 1, 2, 3]
    assert (reader.position.events, reader.missed, reader.damaged) == (4, 0, 0)


@given(data=st.data())
def test_no_flipped_bit_of_a_frame_costs_an_event(data: st.DataObject, small: Path) -> None:
    path = segment_path(small, 1)
    written = len(path.read_bytes().rstrip(b"\0"))
    bit = data.draw(st.integers(HEADER_BYTES * 8, written * 8 - 1))
    flip(path, bit)
    reader = reader_of(small)
    numbers = read_numbers(reader)
    flip(path, bit)
    assert numbers == [0, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return journal_of(tmp_path_factory.mktemp("small"), [3, 14, 40, 41, 5])


def _length_of(power: int) -> int:
    """The size of padding that makes a body this long."""
    return power - len(PREFIX) - len(b'{"n":0,"pad":""}')


@pytest.mark.parametrize(
    "more", [[10, 10], [10, MIB - 2000, MIB - 2000]], ids=["last segment", "not the last"]
)
def test_a_length_whose_only_bit_flipped_is_no_end(tmp_path: Path, more: list[int]) -> None:
    folder = journal_of(tmp_path, [10, _length_of(128), *more])
    path = segment_path(folder, 1)
    raw = bytearray(path.read_bytes())
    head = raw.index(b'{"n":1') - len(PREFIX) - HEAD_BYTES
    assert raw[head : head + 4] == (128).to_bytes(4, "little")
    raw[head] = 0
    path.write_bytes(raw)
    assert read_numbers(reader_of(folder)) == list(range(2 + len(more)))


def test_a_page_that_became_zeros_hides_nothing_behind_it(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, [500] * 40)
    path = segment_path(folder, 1)
    raw = bytearray(path.read_bytes())
    at = raw.index(b'{"n":10') - len(PREFIX) - HEAD_BYTES
    end = raw.index(b'{"n":15') - len(PREFIX) - HEAD_BYTES
    raw[at:end] = bytes(end - at)
    path.write_bytes(raw)
    assert read_numbers(reader_of(folder)) == [*range(10), *range(15, 40)]


def _spoil(folder: Path, number: int) -> None:
    for segment in segment_numbers(folder):
        path = segment_path(folder, segment)
        raw = bytearray(path.read_bytes())
        at = raw.find(b'{"n":%d,' % number)
        if at >= 0:
            raw[at : at + 3] = b"XYZ"
            path.write_bytes(raw)
            return
    raise AssertionError(number)


def test_after_damage_the_count_is_right_again_at_the_next_segment(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, [1000] * 2500)
    _spoil(folder, 5)
    reader = reader_of(folder)
    assert len(read_numbers(reader)) == 2499
    assert len(segment_numbers(folder)) > 2
    assert (reader.position.events, reader.missed, reader.damaged) == (2500, 0, 1)


def test_damage_that_is_read_again_is_kept_and_counted_once(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, [10] * 10)
    _spoil(folder, 5)
    reader = reader_of(folder)
    for _ in range(3):
        assert len(reader.read(100, MIB)) == 9
        reader.rewind()
    reader.close()
    assert reader.damaged == 1
    assert damaged_path(folder).read_bytes().count(b"XYZ") == 1


def test_only_removed_segments_count_as_missed(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, [1000] * 4500)
    reader = reader_of(folder)
    (first,) = reader.read(1, MIB)
    numbers = segment_numbers(folder)
    removed = first_event_of(folder, numbers[3])
    assert removed is not None
    for number in numbers[:3]:
        segment_path(folder, number).unlink()
    reader.close()
    again = JournalReader(folder, first.after)
    assert len(read_numbers(again)) == 4500 - removed
    assert (again.position.events, again.missed) == (4500, removed - 1)


def test_a_cursor_with_a_flipped_bit_never_skips_an_event(tmp_path: Path) -> None:
    key = "signaltape:{0}"
    cursor = Cursor(
        segment=3, offset=65_528, events=9_001, run_id="5f3e" * 10, last_ids={key: "1642376400000-17"}
    )
    write_cursor(tmp_path, cursor)
    path = tmp_path / CURSOR_FILE
    assert read_cursor(tmp_path) == cursor
    for bit in range(len(path.read_bytes()) * 8):
        flip(path, bit)
        assert find_cursor(tmp_path) in (None, cursor), bit
        flip(path, bit)


def test_a_cursor_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    (tmp_path / CURSOR_FILE).write_text(
        '{"segment":3,"offset":64,"events":9,"run_id":"abc","last_ids":{"signaltape:{0}":"5-0"}}'
    )
    assert read_cursor(tmp_path) == Cursor(
        segment=3, offset=64, events=9, run_id="abc", last_ids={"signaltape:{0}": "5-0"}
    )


def test_a_segment_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, [600_000, 600_000])
    for number in (1, 2):
        raw = bytearray(segment_path(folder, number).read_bytes())
        raw[24:28] = bytes(4)  # where the checksum stands now
        segment_path(folder, number).write_bytes(raw)
    reader = reader_of(folder)
    assert read_numbers(reader) == [0, 1]
    assert (reader.position.events, reader.missed) == (2, 0)


def test_an_earlier_reader_reads_a_segment_of_today(tmp_path: Path) -> None:
    folder = journal_of(tmp_path, [10])
    raw = segment_path(folder, 1).read_bytes()
    assert raw[:8] == b"SIGTAPE1"
    assert int.from_bytes(raw[8:16], "little") == 0


def test_what_a_full_journal_gives_up_is_counted_by_the_writer_alone(tmp_path: Path) -> None:
    """The count needs no header, which may be damaged."""
    journal = JournalWriter(tmp_path, segment_bytes=MIB, max_bytes=3 * MIB, clock=utc_now)
    for number in range(20):
        journal.append(PREFIX + b'{"n":%d,"pad":"%s"}' % (number, b"x" * 300_000))
        path = segment_path(journal.folder, segment_numbers(journal.folder)[0])
        with path.open("r+b") as file:
            file.write(bytes(FIELDS_BYTES))
    assert journal.dropped == 20 - len(read_numbers(reader_of(journal.folder)))
    journal.close()


@pytest.mark.parametrize("flipped", [1, 2])
def test_a_flip_under_a_living_writer_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flipped: int
) -> None:
    journal = JournalWriter(tmp_path, segment_bytes=MIB, max_bytes=64 * MIB, clock=utc_now)
    for number in range(3):
        journal.append(PREFIX + b'{"n":%d,"pad":""}' % number)
    last = journal_end(journal.folder, 2)
    for bit in range(flipped):
        flip(segment_path(journal.folder, 1), (last + HEAD_BYTES) * 8 + 60 + bit)
    reader = JournalReader(journal.folder, JournalPosition(0, 0, 0))
    assert len(reader.read(10, MIB)) == 2  # the third may be in the making
    monkeypatch.setattr("signaltape.journal.reader._HALF_VISIBLE_S", 0.0)
    assert len(reader.read(10, MIB)) == (flipped == 1)
    journal.append(PREFIX + b'{"n":3,"pad":""}')
    assert [item.frame.data for item in reader.read(10, MIB)] == [b'{"n":3,"pad":""}']
    assert reader.damaged == (flipped == 2)
    reader.close()
    journal.close()


def journal_end(folder: Path, frames: int) -> int:
    """The offset behind the first frames of its first segment."""
    reader = JournalReader(folder, JournalPosition(0, 0, 0))
    items = reader.read(frames, MIB)
    reader.close()
    return items[-1].after.offset
