"""What an engine is told of its events is so at every moment: while segments change, and while it closes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signaltape import Emitter, Settings
from signaltape.clock import utc_now
from signaltape.errors import JournalUnavailable
from signaltape.journal.frame import body_prefix
from signaltape.journal.reader import JournalReader, Place
from signaltape.journal.segment import create_segment
from signaltape.journal.writer import JournalWriter
from tests.support.samples import closed

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
        changed = True
        made = create_segment(*given)
        at_change()
        return made

    writer.append(BODY)
    with monkeypatch.context() as patched:
        patched.setattr("signaltape.journal.writer.create_segment", creating)
        while not changed:
            writer.append(BODY)


def test_a_segment_that_goes_while_the_next_appears_is_counted(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_first = 0

    def another_journal_needs_the_room() -> None:
        nonlocal in_first
        in_first = writer.events
        assert writer.give_up_oldest()

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
    assert writer.give_up_oldest()
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
    monkeypatch.setattr("signaltape.emitter.start_thread", lambda *_: shipper)
    emitter = Emitter(Settings.from_env({**ON, "SIGNALTAPE_HOME": str(tmp_path)}))
    assert emitter.closed(closed())
    closing = threading.Thread(target=emitter.close)
    closing.start()
    assert shipper.stopping.wait(5)
    meanwhile = emitter.stats()
    shipper.may_stop.set()
    closing.join()
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

    monkeypatch.setattr("signaltape.emitter.JournalWriter", made_meanwhile)
    assert not emitter.closed(closed())
    monkeypatch.undo()
    assert not emitter.closed(closed())
    assert emitter.stats()["accepted"] == 0


ON = {"FEATURE_EVENT_LOGGING": "true", "REDIS_URL": "redis://127.0.0.1:1"}


def test_what_a_signal_handler_emitted_before_the_disk_was_full_is_there_after_closing(
    writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def emit_and_find_no_room() -> None:
        writer.append(BODY)  # by a handler, amid the change: it is accepted
        raise JournalUnavailable("no room")

    with pytest.raises(JournalUnavailable):
        fill_segments(writer, emit_and_find_no_room, monkeypatch)
    before = writer.events
    writer.close()
    assert writer.events == before + 1
    items = JournalReader(writer.folder, Place(0, 0, 0)).read(100, 1 << 20)
    assert len(items) == writer.events
