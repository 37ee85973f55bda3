"""Threads and signal handlers append to one journal at once: every event is there, once, in its place."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signaltape.journal import writer as writer_module
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.segment import (
    draft_segment,
    first_event_of,
    segment_numbers,
)
from tests.support.waiting import ended
from tests.unit.journaling import MIB, body, read_all, writer


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
    ended(*workers)
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
    ended(*workers)
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
