"""What was measured is not lost by what else goes wrong."""

from __future__ import annotations

import errno
import threading
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from signaltape.clock import utc_now
from signaltape.measuring import Recorder, recorder_of
from tests.support.measured import Hangs, by_name, engine, measurements
from tests.support.waiting import eventually


@pytest.mark.parametrize("wrong", [uuid4(), 7, b"id"])
def test_an_id_that_is_no_text_costs_no_record(tmp_path: Path, wrong: Any) -> None:
    with engine(tmp_path) as tape:
        recorder_of(tape).request("/", 500, 1.0, "right")
        assert recorder_of(tape).request("/", 500, 1.0, wrong)
    assert by_name(tmp_path)["/"]["count"] == 2


@pytest.mark.parametrize("wrong", ["500", None, 5.5j])
def test_a_status_that_is_none_leaves_nothing_behind(tmp_path: Path, wrong: Any) -> None:
    with engine(tmp_path) as tape:
        assert not recorder_of(tape).request("/", wrong, 1.0, "id")
        assert recorder_of(tape).flush() == 0
        assert tape.stats()["refused"] == 1
    assert measurements(tmp_path) == []


@pytest.mark.parametrize("timeout", [0, 0.0, -1])
def test_an_end_without_time_records_what_was_measured(tmp_path: Path, timeout: float) -> None:
    tape = engine(tmp_path)
    assert tape.measure("ws", "x", rtt_ms=1)
    tape.close(timeout)
    assert by_name(tmp_path)["x"]["count"] == 1


@pytest.mark.parametrize("timeout", [None, "soon", float("nan")])
def test_a_timeout_that_is_none_loses_nothing(tmp_path: Path, timeout: Any) -> None:
    tape = engine(tmp_path)
    assert tape.measure("ws", "x", rtt_ms=1)
    tape.close(timeout)
    tape.close()
    assert by_name(tmp_path)["x"]["count"] == 1


def test_what_is_measured_beside_the_end_is_not_said_to_be_counted(tmp_path: Path) -> None:
    """The value was let in before the end, and comes to its lock behind the last flush."""
    tape = engine(tmp_path)
    recorder = recorder_of(tape)
    assert recorder.observe("ws", "x", "rtt_ms", 1.0)
    counted: list[bool] = []

    class Slow:
        def __float__(self) -> float:
            tape.close()
            return 1.0

    counted.append(recorder.observe("ws", "y", "rtt_ms", Slow()))
    assert counted == ["y" in by_name(tmp_path)]


def test_the_first_value_beside_the_end_leaves_no_thread(tmp_path: Path) -> None:
    tape = engine(tmp_path)
    recorder = Recorder(tape)

    class Slow:
        def __float__(self) -> float:
            tape.close()
            return 1.0

    recorder.observe("ws", "x", "rtt_ms", Slow())
    assert recorder._thread is None
    assert not [one for one in threading.enumerate() if one.name == "signaltape-measuring"]


def test_a_pause_that_the_system_refuses_costs_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under libfaketime with the monotonic clock left alone a sleep of nothing is an invalid argument."""

    def refuse(_seconds: float) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    with engine(tmp_path) as tape:
        assert tape.measure("ws", "a", rtt_ms=1)
        assert tape.measure("ws", "b", rtt_ms=1)
        monkeypatch.setattr("signaltape.measuring.recorder.time.sleep", refuse)
        assert recorder_of(tape).flush() == 2
    assert sorted(by_name(tmp_path)) == ["a", "b"]


def test_what_a_flush_could_not_record_is_counted_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = threading.Event()

    def clock() -> datetime:
        if broken.is_set():
            broken.clear()
            raise OSError(errno.EINVAL, "Invalid argument")
        return utc_now()

    with engine(tmp_path) as tape:
        recorder = Recorder(tape, every_s=0.01, clock=clock)
        broken.set()
        assert recorder.observe("ws", "x", "rtt_ms", 1.0)
        eventually(lambda: tape.stats()["refused"] == 1)
        eventually(lambda: recorder.observe("ws", "y", "rtt_ms", 1.0) and "y" in by_name(tmp_path))
    assert "not measured: " in caplog.text


def test_what_was_measured_while_a_flush_hung_is_not_lost_unsaid(tmp_path: Path) -> None:
    """The end does not wait so long: then it is no record any more, and counted as failed."""
    tape = Hangs(tmp_path)
    recorder = Recorder(tape, every_s=0.01)
    assert recorder.observe("ws", "before", "rtt_ms", 1.0)
    assert tape.begun.wait(20)
    assert recorder.observe("ws", "meanwhile", "rtt_ms", 1.0)
    tape.close(0.05)
    tape.let_go.set()
    thread = recorder._thread
    assert thread is not None
    thread.join(20)
    assert len(measurements(tmp_path)) + tape.stats()["failed"] == 2
