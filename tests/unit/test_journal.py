"""The journal: what was appended is read back, whatever happened to the process or the bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signaltape.clock import utc_now
from signaltape.errors import JournalClosed, JournalUnavailable
from signaltape.journal import writer as writer_module
from signaltape.journal.cursor import Cursor, read_cursor, write_cursor
from signaltape.journal.frame import HEAD_BYTES, body_prefix, pack_emitted
from signaltape.journal.home import damaged_path, is_alive, journal_folders
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.segment import (
    HEADER_BYTES,
    draft_segment,
    first_event_of,
    segment_numbers,
    segment_path,
)
from signaltape.journal.writer import JournalWriter

MIB = 1024 * 1024
PREFIX = body_prefix("signal_closed")


def writer(home: Path, *, segment_bytes: int = MIB, max_bytes: int = 256 * MIB) -> JournalWriter:
    return JournalWriter(home, segment_bytes=segment_bytes, max_bytes=max_bytes, clock=utc_now)


def body(number: int, size: int = 0) -> bytes:
    return PREFIX + b'{"n":%d,"pad":"%s"}' % (number, b"x" * size)


def read_all(folder: Path) -> list[bytes]:
    reader = JournalReader(folder, JournalPosition(0, 0, 0))
    data = [item.frame.data for item in reader.read(10**9, 10**12)]
    reader.close()
    return data


def test_what_is_appended_is_read_back_in_order_across_segments(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    bodies = [body(number, size=number % 900) for number in range(5000)]
    for one in bodies:
        journal.append(one)
    assert len(segment_numbers(journal.folder)) > 2
    assert read_all(journal.folder) == [one[len(PREFIX) :] for one in bodies]
    journal.close()


def test_an_event_larger_than_a_segment_gets_one_of_its_own(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.append(body(1, size=3 * MIB))
    journal.append(body(2))
    assert len(read_all(journal.folder)) == 2
    journal.close()


def test_a_reader_sees_new_events_as_they_come(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    reader = JournalReader(journal.folder, JournalPosition(0, 0, 0))
    for number in range(3):
        assert reader.read(10, MIB) == []
        journal.append(body(number))
        (item,) = reader.read(10, MIB)
        assert item.frame.name == b"signal_closed"
        assert item.after.events == number + 1
    journal.close()
    reader.close()


def test_many_threads_append_without_losing_one(tmp_path: Path, quick_switches: None) -> None:
    journal = writer(tmp_path)
    each, threads = 2000, 6

    def work(base: int) -> None:
        for number in range(base, base + each):
            journal.append(body(number, size=2 * MIB if number % 999 == 0 else number % 800))

    workers = [threading.Thread(target=work, args=(index * each,)) for index in range(threads)]
    for one in workers:
        one.start()
    seen = [journal.events for _ in range(50)]
    for one in workers:
        one.join()
    assert seen == sorted(seen)
    assert len(segment_numbers(journal.folder)) > 5
    assert len(set(read_all(journal.folder))) == each * threads == journal.events
    journal.close()
    assert journal.events == each * threads


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Threads take turns as often as the interpreter lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_every_segment_knows_how_many_events_lie_before_it(tmp_path: Path, quick_switches: None) -> None:
    journal = writer(tmp_path)

    def work() -> None:
        for number in range(2000):
            journal.append(body(number, size=number % 900))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    reader = JournalReader(journal.folder, JournalPosition(0, 0, 0))
    items = reader.read(10**9, 10**12)
    after = {item.after.segment: item.after.events for item in items}
    assert len(after) > 3
    for number, events in after.items():
        assert first_event_of(journal.folder, number + 1) in (events, None)
    assert (len(items), reader.missed, reader.damaged) == (8000, 0, 0)
    reader.close()
    journal.close()


def test_a_signal_handler_may_append_in_the_middle_of_an_append(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    handled = 0

    def handler(*_: object) -> None:
        nonlocal handled
        handled += 1
        journal.append(body(-handled))

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        for number in range(20_000):
            journal.append(body(number, size=1000))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert handled
    assert len(segment_numbers(journal.folder)) > 10
    assert len(set(read_all(journal.folder))) == 20_000 + handled == journal.events
    journal.close()


def test_what_a_signal_handler_appends_during_a_change_of_segment_is_there_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = writer(tmp_path)
    journal.append(body(0))
    handled = False

    def interrupted(*args: Any) -> Any:
        nonlocal handled
        if not handled:
            handled = True
            journal.append(body(2))
        return draft_segment(*args)

    monkeypatch.setattr(writer_module, "draft_segment", interrupted)
    journal.append(body(1, size=2 * MIB))
    assert [data[:6] for data in read_all(journal.folder)] == [b'{"n":0', b'{"n":2', b'{"n":1']
    assert journal.events == 3
    journal.close()


def test_an_event_without_a_time_carries_the_moment_of_emit(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.append(
        body_prefix("signal_closed", emitted=True) + pack_emitted(1_642_376_400_123_456_789) + b"{}"
    )
    journal.append(b"\x07\x01\x02\x03" + PREFIX[4:] + b"{}")  # as journals were written once
    reader = JournalReader(journal.folder, JournalPosition(0, 0, 0))
    stamped, earlier = (item.frame for item in reader.read(10, MIB))
    assert (stamped.name, stamped.data, stamped.emitted_ns) == (
        b"signal_closed",
        b"{}",
        1_642_376_400_123_456_789,
    )
    assert (earlier.name, earlier.data, earlier.emitted_ns) == (b"signal_closed", b"{}", 0)
    reader.close()
    journal.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from signaltape.clock import utc_now
from signaltape.journal.writer import JournalWriter
from tests.unit.test_journal import body
journal = JournalWriter(Path(sys.argv[1]), segment_bytes=1 << 20, max_bytes=1 << 28, clock=utc_now)
for number in range(12345):
    journal.append(body(number))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_9_loses_nothing(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    (folder,) = journal_folders(tmp_path)
    assert not is_alive(folder)
    assert len(read_all(folder)) == 12345


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


def test_past_the_bound_the_oldest_segment_goes_and_its_events_are_counted(tmp_path: Path) -> None:
    journal = writer(tmp_path, max_bytes=4 * MIB)
    for number in range(8000):
        journal.append(body(number, size=1000))
    kept = read_all(journal.folder)
    assert journal.dropped == 8000 - len(kept) > 0
    assert b'"n":7999' in kept[-1]
    assert (
        sum(segment_path(journal.folder, n).stat().st_size for n in segment_numbers(journal.folder))
        <= 4 * MIB
    )
    journal.close()


def test_shipped_events_that_make_room_are_not_counted_as_dropped(tmp_path: Path) -> None:
    journal = writer(tmp_path, max_bytes=4 * MIB)
    for number in range(3000):
        journal.append(body(number, size=1000))
    write_cursor(journal.folder, Cursor(segment=3, offset=HEADER_BYTES, events=3000))
    for number in range(1500):
        journal.append(body(number, size=1000))
    assert journal.dropped == 0
    journal.close()


def test_a_full_disk_is_an_error_at_the_segment_and_never_a_signal(tmp_path: Path) -> None:
    program = f"""
import resource
from pathlib import Path
from tests.unit.test_journal import body, writer
from signaltape.errors import JournalUnavailable
journal = writer(Path({str(tmp_path)!r}))
journal.append(body(0))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
refused = taken = 0
for number in range(20000):
    try:
        journal.append(body(number, size=100)); taken += 1
    except JournalUnavailable as error:
        refused += 1
assert taken and refused, (taken, refused)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append(body(99999))
print(taken + 2)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder,) = journal_folders(tmp_path)
    assert len(read_all(folder)) == int(done.stdout)


def test_a_home_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnavailable, match="no journal under"):
        writer(tmp_path / "file")


def test_a_closed_journal_takes_no_more(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.close()
    with pytest.raises(JournalClosed):
        journal.append(body(1))


def test_a_damaged_cursor_means_from_the_start(tmp_path: Path) -> None:
    write_cursor(tmp_path, Cursor(segment=3, offset=64, events=9))
    assert read_cursor(tmp_path).events == 9
    (tmp_path / "cursor.json").write_text("{half")
    assert read_cursor(tmp_path).events == 0


def test_journal_folders_are_for_their_user_only(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    assert journal.folder.stat().st_mode & 0o077 == 0
    assert is_alive(journal.folder)
    assert os.path.commonpath([journal.folder, tmp_path]) == str(tmp_path)
    journal.close()
