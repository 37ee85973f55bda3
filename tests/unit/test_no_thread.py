"""A process that can start no thread: events are journalled all the same, and shipped once it can."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NoReturn

import pytest

from signaltape import Emitter, Secret, Settings, starting
from signaltape.shipping.thread import ShipperThread
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import closed


class Started:
    """A shipper that was started."""

    idle = False

    def stop(self, timeout: float) -> bool:
        return timeout > 0


def test_events_are_journalled_and_a_later_one_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_thread(_: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ShipperThread, "start", no_thread)
    monkeypatch.setattr(starting, "TRY_EVERY_S", 0.0)
    tape = Emitter(
        Settings(feature_event_logging=True, home=tmp_path, redis_url=Secret("redis://127.0.0.1:1/0"))
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert tape.closed(closed()) is True
            assert tape.state(RECORD_SAMPLES["state_event"]) is True
    assert [record.message for record in caplog.records] == [
        "no shipper could be started, events wait in the journal: can't start new thread"
    ]
    assert tape.stats() == {"accepted": 6, "refused": 0, "failed": 0, "dropped": 0}

    shipper: Any = Started()
    monkeypatch.setattr("signaltape.own_journals.start_thread", lambda *_: shipper)
    assert tape.closed(closed()) is True
    assert tape._shipper is shipper
    assert tape.close() is True


def test_closing_without_a_thread_says_that_something_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(_: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ShipperThread, "start", no_thread)
    tape = Emitter(
        Settings(feature_event_logging=True, home=tmp_path, redis_url=Secret("redis://127.0.0.1:1/0"))
    )
    assert tape.closed(closed()) is True
    assert tape.close() is False
