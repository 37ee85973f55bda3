"""A full journal, or a full disk, among other threads: nothing is lost that need not be, and nobody is held up."""

from __future__ import annotations

import errno
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from signaltape.journal import reader as reader_module
from signaltape.journal import writer as writer_module
from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import damaged_path
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.segment import segment_numbers, segment_path
from tests.unit.interrupting import LARGE, SEGMENT_BYTES, Found, Once, body, new_writer


class _Asking(logging.Handler):
    """A log that waits for another thread, as one does that holds the handler's lock and emits itself."""

    def __init__(self, ask: Callable[[], object]) -> None:
        super().__init__()
        self._ask = ask
        self.answered: list[bool] = []

    def emit(self, record: logging.LogRecord) -> None:
        other = threading.Thread(target=self._ask, daemon=True)
        other.start()
        other.join(3)
        self.answered.append(not other.is_alive())


@pytest.fixture
def asking() -> Iterator[Callable[[Callable[[], object]], _Asking]]:
    added: list[_Asking] = []

    def add(ask: Callable[[], object]) -> _Asking:
        added.append(_Asking(ask))
        logging.getLogger("signaltape").addHandler(added[0])
        return added[0]

    yield add
    for one in added:
        logging.getLogger("signaltape").removeHandler(one)


def test_who_logs_that_the_journal_is_full_holds_up_no_other_thread(
    tmp_path: Path, asking: Callable[[Callable[[], object]], _Asking]
) -> None:
    journal = new_writer(tmp_path, max_bytes=3 * SEGMENT_BYTES)
    log = asking(lambda: journal.events)
    for number in range(4):
        journal.append(body(number, LARGE))
    assert log.answered
    assert all(log.answered)
    assert journal.dropped >= 1
    journal.close()


def test_a_journal_that_gives_way_logs_it_without_a_lock_of_the_other(
    tmp_path: Path, asking: Callable[[Callable[[], object]], _Asking]
) -> None:
    events, records = new_writer(tmp_path, max_bytes=4 * SEGMENT_BYTES), new_writer(tmp_path)
    events.evicts_before(records)
    for number in range(3):
        records.append(body(number, LARGE))
    log = asking(lambda: events.events + records.events)
    for number in range(3):
        events.append(body(number, LARGE))
    assert records.dropped == 2
    assert log.answered
    assert all(log.answered)
    events.close()
    records.close()


def test_a_drop_is_counted_though_the_cursor_cannot_be_read_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = new_writer(tmp_path, max_bytes=3 * SEGMENT_BYTES)
    for number in range(3):
        journal.append(body(number, LARGE))

    def no_descriptor() -> None:
        raise OSError(errno.EMFILE, "too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(writer_module, "read_cursor", Once(read_cursor, no_descriptor))
        with suppress(OSError):
            journal.append(body(3, LARGE))
        journal.append(body(4, LARGE))
    numbers = Found(journal.folder).numbers
    assert journal.dropped == journal.events - len(numbers) > 0
    journal.close()


def test_a_listing_that_misses_a_segment_made_meanwhile_costs_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What appears during a listing may be missing in it, though something that appeared later is not."""
    journal = new_writer(tmp_path)
    for number in range(3):
        journal.append(body(number, LARGE))
    reader = JournalReader(journal.folder, JournalPosition(0, 0, 0))
    listed = segment_numbers
    listings = itertools.count()
    monkeypatch.setattr(
        reader_module,
        "segment_numbers",
        lambda folder: listed(folder)[1:] if next(listings) == 0 else listed(folder),
    )
    assert [item.after.events for item in reader.read(10, 1 << 20)] == [1, 2, 3]
    assert reader.missed == 0
    reader.close()
    journal.close()


def test_what_stands_before_damage_goes_first_though_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = new_writer(tmp_path)
    for number in range(6):
        journal.append(body(number))
    journal.close()
    path = segment_path(journal.folder, 1)
    raw = bytearray(path.read_bytes())
    at = raw.index(b'{"n":3')
    raw[at : at + 50] = b"?" * 50
    path.write_bytes(raw)
    reader = JournalReader(journal.folder, JournalPosition(0, 0, 0))
    reader.ended = True

    def full(*_: object) -> Any:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(reader_module, "damaged_path", full)
        assert [item.after.events for item in reader.read(10, 1 << 20)] == [1, 2, 3]
        with pytest.raises(OSError, match="no space"):
            reader.read(10, 1 << 20)
    assert len(reader.read(10, 1 << 20)) == 2
    assert damaged_path(journal.folder).exists()
    reader.close()
