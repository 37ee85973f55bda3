"""The journal: what was appended is read back, whatever happened to the process or the bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from signaltape.errors import JournalClosed, JournalUnavailable
from signaltape.journal.cursor import Cursor, write_cursor
from signaltape.journal.frame import body_prefix, pack_emitted
from signaltape.journal.home import is_alive, journal_folders
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.segment import (
    HEADER_BYTES,
    segment_numbers,
    segment_path,
)
from tests.support.waiting import LONGEST_S
from tests.unit.journaling import MIB, PREFIX, body, read_all, writer


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
from tests.unit.journaling import body
journal = JournalWriter(Path(sys.argv[1]), segment_bytes=1 << 20, max_bytes=1 << 28, clock=utc_now)
for number in range(12345):
    journal.append(body(number))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_9_loses_nothing(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=LONGEST_S)
    assert ended.returncode == -signal.SIGKILL
    (folder,) = journal_folders(tmp_path)
    assert not is_alive(folder)
    assert len(read_all(folder)) == 12345


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
from tests.unit.journaling import body, writer
from signaltape.errors import JournalUnavailable
journal = writer(Path({str(tmp_path)!r}))
journal.append(body(0))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
refused = taken = 0
for number in range(20000):
    if refused == 500:
        break
    try:
        journal.append(body(number, size=100)); taken += 1
    except JournalUnavailable as error:
        refused += 1
assert taken and refused, (taken, refused)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append(body(99999))
print(taken + 2)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=LONGEST_S
    )
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


def test_journal_folders_are_for_their_user_only(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    assert journal.folder.stat().st_mode & 0o077 == 0
    assert is_alive(journal.folder)
    assert os.path.commonpath([journal.folder, tmp_path]) == str(tmp_path)
    journal.close()
