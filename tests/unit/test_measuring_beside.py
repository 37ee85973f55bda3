"""Measuring beside threads, signals, forks, a flush that hangs, and the end of a process: all that is counted, once."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from signaltape import Emitter, Settings
from signaltape.measuring import Histogram, Recorder, recorder_of
from tests.support.measured import Hangs, by_name, engine, measurements
from tests.support.waiting import LONGEST_S, ended, eventually, happened, status_of


def counted(home: Path) -> Counter[str]:
    """How many values of each name were recorded; each record's histogram holds as many."""
    total: Counter[str] = Counter()
    for one in measurements(home):
        assert Histogram.from_text(one["histogram"]).count == one["count"]
        total[one["name"]] += one["count"]
    return total


def test_what_threads_measure_while_it_is_flushed_is_counted_once(tmp_path: Path) -> None:
    tape, times = engine(tmp_path), 5000
    recorder = recorder_of(tape)

    def measure(name: str) -> None:
        for number in range(times):
            recorder.request("shared", 200, float(number), name)
            tape.measure("ws", name, rtt_ms=number)

    threads = [threading.Thread(target=measure, args=(f"own {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        recorder.flush()
    tape.close()
    assert counted(tmp_path) == {"shared": 4 * times, **{f"own {number}": times for number in range(4)}}
    assert sum(one.get("statuses", {}).get("2xx", 0) for one in measurements(tmp_path)) == 4 * times


def test_a_signal_handler_may_measure_amid_a_value_of_its_own_thread(tmp_path: Path) -> None:
    with engine(tmp_path) as tape:
        before = signal.signal(signal.SIGUSR1, lambda *_: tape.measure("ws", "handler", rtt_ms=1))
        try:
            with recorder_of(tape)._lock:
                signal.raise_signal(signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, before)
    assert counted(tmp_path) == {"handler": 1}


def test_a_flush_that_hangs_holds_up_neither_a_value_nor_the_end(tmp_path: Path) -> None:
    tape = Hangs(tmp_path)
    recorder = Recorder(tape, every_s=0.01)
    assert recorder.observe("ws", "before", "rtt_ms", 1.0)
    assert tape.begun.wait(20)
    assert recorder.observe("ws", "before", "rtt_ms", 1.0)
    assert recorder.observe("ws", "meanwhile", "rtt_ms", 1.0)
    assert tape.close(0.05) in (True, False)
    tape.let_go.set()
    assert recorder._thread is not None
    recorder._thread.join(20)
    assert not recorder._thread.is_alive()


def test_it_records_by_itself_again_and_again(tmp_path: Path) -> None:
    with engine(tmp_path) as tape:
        recorder = Recorder(tape, every_s=0.01)
        for wanted in (1, 2, 3):
            assert recorder.observe("ws", "x", "rtt_ms", 1.0)
            assert eventually(partial(measurements, tmp_path, at_least=wanted))


def test_without_a_thread_to_be_had_it_is_recorded_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_thread(_: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with engine(tmp_path) as tape, caplog.at_level(logging.WARNING):
        assert all(tape.measure("ws", "x", rtt_ms=1) for _ in range(5))
    assert caplog.messages == ["what is measured waits for the end: can't start new thread"]
    assert counted(tmp_path) == {"x": 5}


@pytest.mark.parametrize("amid", ["nothing", "a value of another thread"])
def test_a_forked_child_begins_with_nothing_and_measures_its_own(tmp_path: Path, amid: str) -> None:
    tape = engine(tmp_path)
    tape.measure("ws", "parent", rtt_ms=1)
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with recorder_of(tape)._lock:
            held.set()
            over.wait(LONGEST_S)

    holder = threading.Thread(target=hold)
    if amid != "nothing":
        holder.start()
        happened(held)
    child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(not (tape.measure("ws", "child", rtt_ms=2) and tape.close() in (True, False)))
    over.set()
    assert status_of(child) == 0
    if amid != "nothing":
        ended(holder)
    tape.measure("ws", "parent", rtt_ms=1)
    tape.close()
    assert counted(tmp_path) == {"parent": 2, "child": 1}


BEGIN = """
import os, signal
from signaltape import Emitter
from signaltape.measuring import recorder_of
tape = Emitter(ship=False)
tape.measure("ws", "first", rtt_ms=1)
"""
ENDS = {
    "by itself": ("", {"first"}),
    "by an error": ("raise SystemExit(3)", {"first"}),
    "by a kill -9 behind a flush": (
        """
        recorder_of(tape).flush()
        tape.measure("ws", "second", rtt_ms=1)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        {"first"},
    ),
    "as a child of multiprocessing": (
        """
        import multiprocessing
        def child():
            tape.measure("ws", "child", rtt_ms=1)
        one = multiprocessing.get_context("fork").Process(target=child)
        one.start(); one.join()
        """,
        {"first", "child"},
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_at_the_end_of_a_process_what_was_measured_is_recorded_but_for_a_kill(
    tmp_path: Path, end: str
) -> None:
    program, kept = ENDS[end]
    subprocess.run(
        [sys.executable, "-c", BEGIN + textwrap.dedent(program)],
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "FEATURE_EVENT_LOGGING": "true",
            "SIGNALTAPE_HOME": str(tmp_path),
        },
        check=False,
        timeout=60,
    )
    assert by_name(tmp_path).keys() == kept


def test_a_replayed_engine_measures_nothing(tmp_path: Path) -> None:
    with Emitter(Settings(feature_event_logging=True, home=tmp_path, run_mode="REPLAY")) as tape:
        assert not tape.measure("ws", "x", rtt_ms=1)
        assert not recorder_of(tape).request("/", 200, 1.0)
        assert not recorder_of(tape).on
    assert measurements(tmp_path) == []
