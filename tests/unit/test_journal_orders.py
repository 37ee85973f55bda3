"""The journal under every order of events: handlers, threads and forks that come in between any two steps."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from signaltape.errors import JournalClosed, JournalUnavailable
from signaltape.journal.frame import pack_frame
from tests.support.waiting import status_of
from tests.unit.interrupting import LARGE, STEPS, Found, Interruptions, Once, body, new_writer


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


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_what_is_emitted_while_a_handler_closes_the_journal_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    journal = new_writer(tmp_path)
    journal.append(body(0))
    monkeypatch.setattr(STEPS[step], step, Once(getattr(STEPS[step], step), journal.close, after=after))
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
            status_of(child)

    monkeypatch.setattr(STEPS[step], step, Once(getattr(STEPS[step], step), fork, after=after))
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
        status_of(child)
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
    assert os.waitstatus_to_exitcode(status_of(child)) == 0
    assert journal.events == 1
    journal.close()


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


def test_an_event_put_off_is_written_though_what_it_interrupted_found_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = new_writer(tmp_path)
    journal.append(body(0))

    def no_room(_frame_bytes: int) -> None:
        monkeypatch.undo()
        journal._depth = 2  # as two handlers, one in the midst of the other, see it
        journal.append(body(2, LARGE))
        journal._depth = 1
        raise JournalUnavailable("no space left")

    monkeypatch.setattr(journal, "_begin_segment", no_room)
    with pytest.raises(JournalUnavailable):
        journal.append(body(1, LARGE))
    assert sorted(Found(journal.folder).numbers) == [0, 2]
    journal.close()
