"""The journal under every order of events: handlers, threads and forks that come in between any two steps."""

from __future__ import annotations

import dis
import errno
import itertools
import json
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from signaltape.clock import utc_now
from signaltape.errors import JournalClosed, JournalUnavailable
from signaltape.journal import reader as reader_module
from signaltape.journal import writer as writer_module
from signaltape.journal.cursor import read_cursor
from signaltape.journal.frame import body_prefix, pack_frame
from signaltape.journal.home import damaged_path
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.segment import segment_numbers, segment_path
from signaltape.journal.writer import JournalWriter

PREFIX = body_prefix("signal_closed")
SEGMENT_BYTES = 40_000
LARGE = 39_000


def new_writer(home: Path, max_bytes: int = 1 << 24) -> JournalWriter:
    return JournalWriter(home, segment_bytes=SEGMENT_BYTES, max_bytes=max_bytes, clock=utc_now)


def body(number: int, size: int = 1000) -> bytes:
    return PREFIX + b'{"n":%d,"pad":"%s"}' % (number, b"x" * size)


class Found:
    """What a reader finds in a journal from its start on."""

    def __init__(self, folder: Path) -> None:
        reader = JournalReader(folder, JournalPosition(0, 0, 0))
        self.items = reader.read(10**9, 10**12)
        self.numbers = [json.loads(item.frame.data)["n"] for item in self.items]
        self.odd = (reader.missed, reader.damaged)
        reader.close()


class Interruptions:
    """Has `act` called where the interpreter runs signal handlers: behind calls, and where loops turn back.

    at: which of these points, counted from 0; only those in the named functions of the writer count.
    """

    def __init__(self, at: tuple[int, ...], act: Callable[[], None], functions: frozenset[str]) -> None:
        self._at = at
        self._act = act
        self._functions = functions
        self._points: dict[CodeType, set[int]] = {}
        self.seen = 0

    def during(self, work: Callable[[], None]) -> None:
        before = sys.gettrace()
        sys.settrace(self._on_call)
        try:
            work()
        finally:
            sys.settrace(before)

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.endswith(("journal/writer.py", "journal/segment.py")):
            return None
        caller = frame.f_back.f_code.co_name if frame.f_back is not None else ""
        if self._functions and not self._functions & {code.co_name, caller}:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._on_step

    def _on_step(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode" and frame.f_lasti in self._of(frame.f_code):
            self.seen += 1
            if self.seen - 1 in self._at:
                self._act()
        return self._on_step

    def _of(self, code: CodeType) -> set[int]:
        if code not in self._points:
            steps = list(dis.get_instructions(code))
            self._points[code] = {
                step.offset
                for before, step in itertools.pairwise(steps)
                if before.opname.startswith(("CALL", "RESUME")) or step.opname.startswith("JUMP_BACKWARD")
            }
        return self._points[code]


def change_segment(home: Path, at: tuple[int, ...], size: int, functions: frozenset[str]) -> int:
    """Change the segment while a handler emits at some points, and check all. Returns how many points there are."""
    journal = new_writer(home)
    numbers = itertools.count()
    taken: list[int] = []

    def emit(size: int) -> None:
        number = next(numbers)
        journal.append(body(number, size))
        taken.append(number)

    for _ in range(3):
        emit(1000)
    interruptions = Interruptions(at, lambda: emit(size), functions)
    interruptions.during(lambda: emit(LARGE))
    emit(1000)
    found = Found(journal.folder)
    assert (sorted(found.numbers), found.odd) == (sorted(taken), (0, 0)), at
    assert len(taken) == journal.events == found.items[-1].after.events, at
    first_events = [first for _, first in sorted(journal._first_events.items())]
    assert first_events == sorted(first_events), at
    assert not list(journal.folder.glob("*.new")), at
    journal.close()
    return interruptions.seen


@pytest.mark.parametrize("size", [10, 20_000])
def test_a_handler_may_emit_at_any_point_of_a_change(tmp_path: Path, size: int) -> None:
    anywhere: frozenset[str] = frozenset()
    points = change_segment(tmp_path / "none", (), size, anywhere)
    assert points > 50
    for point in range(points):
        change_segment(tmp_path / str(point), (point,), size, anywhere)


def test_two_handlers_may_emit_at_any_two_points_where_the_newest_comes_into_use(tmp_path: Path) -> None:
    there = frozenset({"_use_newest"})
    points = change_segment(tmp_path / "none", (), 20_000, there)
    assert points > 4
    for pair in itertools.combinations(range(points + 8), 2):
        change_segment(tmp_path / f"{pair[0]}-{pair[1]}", pair, 20_000, there)


class Once:
    """Does something at the first call of a function, before or after it."""

    def __init__(self, patched: Any, act: Callable[[], None], *, after: bool = False) -> None:
        self._patched = patched
        self._act = act
        self._after = after
        self.done = False

    def __call__(self, *given: Any) -> Any:
        if self._after:
            result = self._patched(*given)
            self._once()
            return result
        self._once()
        return self._patched(*given)

    def _once(self) -> None:
        if not self.done:
            self.done = True
            self._act()


STEPS = ["backlog_bytes", "draft_segment", "count_frames", "publish_segment"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_what_is_emitted_while_a_handler_closes_the_journal_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    journal = new_writer(tmp_path)
    journal.append(body(0))
    monkeypatch.setattr(writer_module, step, Once(getattr(writer_module, step), journal.close, after=after))
    with pytest.raises(JournalClosed):
        journal.append(body(1, LARGE))
    with pytest.raises(ValueError):
        journal.write(b"frame")
    assert Found(journal.folder).numbers == [0]
    assert journal.events == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("first", ["parent", "child"])
def test_a_handler_may_fork_and_return_in_both_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool, first: str
) -> None:
    """What the parent is told holds, whichever of the two goes on first."""
    journal = new_writer(tmp_path)
    journal.append(body(0, LARGE))
    parent, (heard, say) = os.getpid(), os.pipe()
    child = 0

    def fork() -> None:
        nonlocal child
        child = os.fork()
        if child == 0:
            journal.forget_in_child()
            if first == "parent":
                os.read(heard, 1)
        elif first == "child":
            os.waitpid(child, 0)

    monkeypatch.setattr(writer_module, step, Once(getattr(writer_module, step), fork, after=after))
    taken = [0]
    try:
        for number in (1, 2, 3):
            with suppress(JournalUnavailable, JournalClosed):
                journal.append(body(number))
                taken.append(number)
            if os.getpid() != parent:
                break
    finally:
        if os.getpid() != parent:
            os._exit(0)
    os.write(say, b"!")
    if first == "parent":
        os.waitpid(child, 0)
    os.close(heard)
    os.close(say)
    journal.append(body(4))
    found = Found(journal.folder)
    assert found.numbers == [*taken, 4]
    assert found.odd == (0, 0)
    assert journal.events == len(found.numbers) == found.items[-1].after.events
    journal.close()


def test_a_child_writes_nothing_into_the_journal_of_its_parent(tmp_path: Path) -> None:
    """Not even where a handler forks amid an emit that has the way into the segment in hand already."""
    journal = new_writer(tmp_path)
    journal.append(body(0))
    write = journal.write
    child = os.fork()
    if child == 0:
        journal.forget_in_child()
        try:
            write(b"over what the parent writes next")
        except ValueError:
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert journal.events == 1
    journal.close()


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


def test_an_event_put_off_is_not_lost_to_an_interruption(tmp_path: Path) -> None:
    journal = new_writer(tmp_path)
    journal.append(body(0))

    def stop() -> None:
        raise KeyboardInterrupt

    for point in itertools.count():
        frame = pack_frame(body(point + 1))
        journal._deferred.append(frame)
        interruptions = Interruptions((point,), stop, frozenset({"_write_deferred"}))
        with suppress(KeyboardInterrupt):
            interruptions.during(journal._write_deferred)
        journal._write_deferred()
        assert point + 1 in Found(journal.folder).numbers
        if interruptions.seen <= point:
            break
    journal.close()


class _Looked(deque[bytes]):
    """Does something right behind a look that found it empty."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act = act

    def __len__(self) -> int:
        length = super().__len__()
        if not length:
            self._act()
        return length


def test_an_event_put_off_at_the_last_moment_does_not_wait_for_another_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler begins a segment when its thread is done with one; another finds no room when that is done too."""
    journal = new_writer(tmp_path)
    journal.append(body(0))
    numbers = iter((2, 3))

    def handler() -> None:
        for number in numbers:
            journal.append(body(number, LARGE))
            return

    monkeypatch.setattr(journal, "_deferred", _Looked(handler))
    journal.append(body(1, LARGE))
    assert sorted(Found(journal.folder).numbers) == [0, 1, 2, 3]
    journal.close()


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
