"""What an engine is told of its events is so at every moment: while segments change, and while it closes."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signaltape import Emitter, Settings
from signaltape.clock import utc_now
from signaltape.errors import JournalUnavailable
from signaltape.journal import writer as writer_module
from signaltape.journal.frame import body_prefix
from signaltape.journal.home import backlog_bytes
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.segment import publish_segment
from signaltape.journal.writer import JournalWriter
from tests.support.samples import closed
from tests.support.waiting import ended
from tests.unit.interrupting import STEPS

BODY = body_prefix("signal_closed") + b"x" * 1000


@pytest.fixture
def writer(tmp_path: Path) -> JournalWriter:
    return JournalWriter(tmp_path, segment_bytes=4096, max_bytes=1 << 20, clock=utc_now)


def fill_segments(
    writer: JournalWriter, at_change: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write on until another segment is begun, and act when its file has just appeared."""
    changed = False

    def creating(*given: Any) -> Any:
        nonlocal changed
        made = publish_segment(*given)
        if not changed:
            changed = True
            at_change()
        return made

    writer.append(BODY)
    with monkeypatch.context() as patched:
        patched.setattr("signaltape.journal.writer.publish_segment", creating)
        while not changed:
            writer.append(BODY)


def test_a_segment_that_goes_while_the_next_appears_is_counted(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_first = 0

    def another_journal_needs_the_room() -> None:
        nonlocal in_first
        in_first = writer.events
        assert writer.evict_oldest()

    fill_segments(writer, another_journal_needs_the_room, monkeypatch)
    assert writer.dropped == in_first > 0
    writer.close()


def test_a_segment_before_one_that_was_interrupted_is_counted(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_ctrl_c() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_segments(writer, press_ctrl_c, monkeypatch)
    in_first = writer.events
    writer.append(BODY)
    assert writer.evict_oldest()
    assert writer.dropped == in_first > 0


def test_a_segment_that_goes_only_when_the_cursor_can_be_read_again_is_counted_once(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_first = 0

    def look() -> None:
        nonlocal in_first
        in_first = writer.events

    def too_many_open_files(_folder: Path) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    fill_segments(writer, look, monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr("signaltape.journal.writer.read_cursor", too_many_open_files)
        with pytest.raises(OSError, match="Too many"):
            writer.evict_oldest()
    assert writer.evict_oldest()
    assert writer.dropped == in_first > 0
    writer.close()


class SlowShipper:
    """Stops when it is allowed to."""

    def __init__(self) -> None:
        self.idle = False
        self.stopping, self.may_stop = threading.Event(), threading.Event()

    def wake(self) -> None: ...

    def stop(self, timeout: float) -> bool:
        self.stopping.set()
        return self.may_stop.wait(timeout)

    def forget_in_child(self) -> None: ...


def test_the_counts_stay_while_an_emitter_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipper = SlowShipper()
    monkeypatch.setattr("signaltape.own_journals.start_thread", lambda *_: shipper)
    emitter = Emitter(Settings.from_env({**ON, "SIGNALTAPE_HOME": str(tmp_path)}))
    assert emitter.closed(closed())
    closing = threading.Thread(target=emitter.close)
    closing.start()
    assert shipper.stopping.wait(5)
    meanwhile = emitter.stats()
    shipper.may_stop.set()
    ended(closing)
    assert meanwhile == emitter.stats()
    assert meanwhile["accepted"] == 1


def test_an_emitter_that_is_closed_while_its_journal_is_made_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emitter = Emitter(Settings.from_env({**ON, "SIGNALTAPE_HOME": str(tmp_path)}))

    def made_meanwhile(*given: Any, **named: Any) -> JournalWriter:
        made = JournalWriter(*given, **named)
        emitter.close()  # by a signal handler
        return made

    monkeypatch.setattr("signaltape.journal.writer.JournalWriter", made_meanwhile)
    assert not emitter.closed(closed())
    monkeypatch.undo()
    assert not emitter.closed(closed())
    assert emitter.stats()["accepted"] == 0


ON = {"FEATURE_EVENT_LOGGING": "true", "REDIS_URL": "redis://127.0.0.1:1"}


FROM_HANDLER = body_prefix("signal_closed") + b"from the handler"


def test_what_a_signal_handler_emitted_is_safe_at_once_even_if_the_disk_is_full_then(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_all() -> list[bytes]:
        items = JournalReader(writer.folder, JournalPosition(0, 0, 0)).read(100, 1 << 20)
        return [item.frame.data for item in items]

    def emit_and_find_no_room() -> None:
        writer.append(FROM_HANDLER)  # amid the change: it is accepted
        assert read_all()[-1] == b"from the handler"
        raise JournalUnavailable("no room")

    with pytest.raises(JournalUnavailable):
        fill_segments(writer, emit_and_find_no_room, monkeypatch)
    assert len(read_all()) == writer.events
    writer.close()
    assert len(read_all()) == writer.events


def test_a_handler_that_begins_a_segment_amid_the_change_leaves_one_to_write_to(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_segments(writer, lambda: writer.append(FROM_HANDLER), monkeypatch)
    for _ in range(20):
        writer.append(BODY)
    items = JournalReader(writer.folder, JournalPosition(0, 0, 0)).read(100, 1 << 20)
    assert len(items) == writer.events == items[-1].after.events
    assert sum(item.frame.data == b"from the handler" for item in items) == 1
    writer.close()


@pytest.mark.parametrize("amid", ["draft_segment", "count_frames", "publish_segment"])
def test_a_reader_misses_nothing_of_what_follows_a_handler_amid_a_change(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch, amid: str
) -> None:
    interrupted = False
    reader = JournalReader(writer.folder, JournalPosition(0, 0, 0))
    at_once = getattr(STEPS[amid], amid)

    def interrupt(*given: Any) -> Any:
        nonlocal interrupted
        done = at_once(*given)
        if not interrupted:
            interrupted = True
            for _ in range(3):
                writer.append(BODY)  # more than there is room for
        return done

    monkeypatch.setattr(STEPS[amid], amid, interrupt)
    found = 0
    for _ in range(30):
        writer.append(BODY)
        found += len(reader.read(100, 1 << 20))
    assert interrupted
    assert found == writer.events == 33
    reader.close()
    writer.close()


def test_a_handler_amid_a_change_does_not_look_through_all_segments(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be thousands of them: signals would come faster than it is done with one."""
    looks = 0

    def look(folder: Path) -> int:
        nonlocal looks
        looks += 1
        return backlog_bytes(folder)

    monkeypatch.setattr(writer_module, "backlog_bytes", look)
    during = []

    def emit() -> None:
        before = looks
        for _ in range(5):
            writer.append(BODY)
        during.append(looks - before)

    fill_segments(writer, emit, monkeypatch)
    assert during == [0]
    assert looks > 0
    writer.close()
