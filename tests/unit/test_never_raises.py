"""Whatever an engine passes in, and whatever goes wrong inside: nothing raises, everything is counted and said."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from signaltape import Emitter, Settings, SignaltapeError
from signaltape.journal.home import rejects_path
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES, closed, published
from tests.support.waiting import LONGEST_S, ended
from tests.unit.hostile_values import EvilMapping, Given, Kind, Raising, hostile


@pytest.fixture(params=["on", "off", "strict", "log raises"])
def tape(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Emitter]:
    how = request.param
    raises = _RaisingHandler()
    if how == "log raises":
        logging.getLogger("signaltape").addHandler(raises)
    tape = Emitter(
        Settings(feature_event_logging=how != "off", home=tmp_path), ship=False, strict=how == "strict"
    )
    yield tape
    tape.close()
    logging.getLogger("signaltape").removeHandler(raises)


class _RaisingHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> NoReturn:
        raise RuntimeError("the log is broken")


def quietly(tape: Emitter, call: Callable[[], object]) -> object:
    """What a call returns; of a strict emitter, False for what it may raise."""
    try:
        return call()
    except SignaltapeError:
        assert tape._strict
        return False


_METHODS = ["published", "triggered", "invalidated", "closed", "state", "trade", "order"]
_NAMED = ["snapshot", "market", "record"]
_kept_fixture = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@_kept_fixture
@given(
    method=st.sampled_from(_METHODS),
    event=hostile,
    field=st.sampled_from(["signal_id", "symbol", "ts", "rr", "note", "timestamp", "id", "layers"]),
    value=hostile,
)
def test_no_event_raises(tape: Emitter, method: str, event: Given, field: str, value: Given) -> None:
    _emit_oddly(tape, method, event.real, field, value.real)


def _emit_oddly(tape: Emitter, method: str, event: Any, field: str, value: Any) -> None:
    emit = getattr(tape, method)
    sample = SAMPLES.get(f"signal_{method}", lambda: RECORD_SAMPLES["trade_log"])()
    for call in (
        lambda: emit(event),
        lambda: emit({**sample, field: value}),
        lambda: emit(**{**sample, field: value}),
        lambda: emit(event, **{field: value}),
        lambda: emit({field: value}, value),
    ):
        assert quietly(tape, call) in (True, False)


@_kept_fixture
@given(
    method=st.sampled_from(_NAMED),
    kind=hostile | st.sampled_from(list(Kind)).map(lambda one: Given(None, one)),
    value=hostile,
)
def test_no_kind_raises(tape: Emitter, method: str, kind: Given, value: Given) -> None:
    emit = getattr(tape, method)
    for call in (
        lambda: emit(kind.real),
        lambda: emit(kind.real, value.real),
        lambda: emit("trade", value.real),
        lambda: emit(kind.real, note=value.real),
        emit,
    ):
        assert quietly(tape, call) in (True, False)


@pytest.mark.parametrize(
    "call", [lambda t: t.snapshot(None), lambda t: t.snapshot(Kind.NUMBER), lambda t: t.market(1)]
)
def test_a_kind_that_is_no_text_is_refused_with_the_list(
    tmp_path: Path, call: Callable[[Emitter], bool]
) -> None:
    tape = Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False)
    assert call(tape) is False
    assert tape.stats()["refused"] == 1
    tape.close()


def test_a_kind_may_be_an_enumeration(tmp_path: Path) -> None:
    with Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False, strict=True) as tape:
        assert tape.snapshot(Kind.RISK, account={"equity": 1})


def test_what_goes_wrong_is_counted_and_said_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tape = Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False)
    for _ in range(3):
        assert tape.published(published(note=Raising())) is False
        assert tape.closed(EvilMapping()) is False
    counts = tape.stats()
    assert counts["failed"] + counts["refused"] == 6
    assert len(caplog.records) == 2
    tape.close()


@_kept_fixture
@given(settings=hostile.filter(lambda one: one.real is not None), timeout=hostile)
def test_neither_do_its_making_its_ending_and_its_questions(settings: Given, timeout: Given) -> None:
    tape = Emitter(settings.real)
    assert "Emitter(off" in repr(tape)
    assert tape.enabled is False
    assert tape.published(published()) is False
    assert set(tape.stats()) == {"accepted", "refused", "failed", "dropped"}
    assert tape.close(timeout.real) in (True, False)
    assert asyncio.run(tape.aclose(timeout.real)) in (True, False)
    with contextlib.suppress(SignaltapeError):
        Emitter(settings.real, strict=True)


def test_an_emitter_made_in_a_folder_that_is_gone_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("FEATURE_EVENT_LOGGING", "true")
    assert Emitter().enabled is False
    assert "event logging is off" in caplog.text


def test_a_shipper_that_does_not_end_properly_is_no_trouble_of_the_engine(tmp_path: Path) -> None:
    class Broken:
        idle = True

        def wake(self) -> NoReturn:
            raise RuntimeError("broken")

        stop = forget_in_child = wake

    tape = Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False)
    assert tape.closed(closed())
    tape._shipper = Broken()  # type: ignore[assignment]
    assert tape.closed(closed()) is True
    assert tape.state(RECORD_SAMPLES["state_event"]) is True
    assert tape.close() is False
    assert tape.stats()["accepted"] == 3


def test_near_the_end_of_the_stack_it_is_false_or_true_and_no_error(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from signaltape import Emitter, Settings
from tests.support.samples import published
tape = Emitter(Settings(feature_event_logging=True, home=Path(sys.argv[1])), ship=False)
tape.published(published())
def down(call):
    try:
        down(call)
    except RecursionError:
        pass
    try:
        call()
    except RecursionError as error:  # only the call itself may have had no room
        frames = []
        trace = error.__traceback__
        while trace is not None:
            frames.append(trace.tb_frame.f_code.co_filename)
            trace = trace.tb_next
        assert not any("signaltape/" in one for one in frames), frames
for event in (published(), published(layers={"a": True}), published(rr=-1), published(note=[[[1]]]), {}, 7):
    down(lambda: tape.published(event))
    down(lambda: tape.snapshot(None))
print("fine")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    assert done.stdout == "fine\n", done.stderr[-2000:]


def test_at_the_end_of_the_interpreter_nothing_raises(tmp_path: Path) -> None:
    program = """
import atexit, sys, threading
from pathlib import Path
tape = None
def late():
    print(tape.published(published()), tape.close())
atexit.register(late)  # runs behind the emitter's own end
from signaltape import Emitter, Settings, Secret
from tests.support.samples import published
tape = Emitter(Settings(feature_event_logging=True, home=Path(sys.argv[1]), redis_url=Secret("redis://127.0.0.1:1/0")))
class Last:
    def __del__(self):
        tape.published(published()); tape.stats(); repr(tape); tape.close()
last = Last()
sys.last = last
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    assert (done.returncode, done.stdout.split()[0]) == (0, "False")
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr


def test_a_reject_of_a_hundred_megabytes_does_not_hold_up_the_engine(tmp_path: Path) -> None:
    class Talker:
        def __repr__(self) -> NoReturn:
            raise AssertionError("a foreign repr may take a second and write megabytes")

    tape = Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False)
    assert tape.closed(closed())
    big: dict[str, Any] = {
        "rr_realized": Talker(),
        "texts": ["x" * 1000] * 100_000,
        "numbers": list(range(1_000_000)),
        "one": "y" * 10**8,
    }
    started = time.perf_counter()
    assert tape.closed(closed(**big)) is False
    assert time.perf_counter() - started < 2, "most of it goes into finding that it is too large"
    assert tape.journal_folder is not None
    kept = rejects_path(tape.journal_folder).read_bytes()
    assert len(kept) < 2_000_000
    assert b"<Talker>" in kept
    tape.close()


def test_threads_that_meet_trouble_at_once_are_all_counted(tmp_path: Path) -> None:
    tape = Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False)
    tape.closed(closed())
    threads = [
        threading.Thread(target=lambda: [tape.closed(EvilMapping()) for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    ended(*threads)
    counts = tape.stats()
    assert counts["failed"] == 200
    tape.close()
