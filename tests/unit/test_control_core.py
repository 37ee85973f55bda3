"""What control says, hears and makes of silence: decisions without a server."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from signaltape import Emitter, Secret, Settings
from signaltape.callbacks import Callbacks
from signaltape.control import PAUSED, RUNNING, Control, Garbled
from signaltape.control.identity import Identity
from signaltape.control.minding import DeadManSwitch, Mind
from signaltape.control.processes import (
    BELIEVED_AHEAD_MS,
    FORGOTTEN_MS,
    GONE_MS,
    MOST_GONE,
    Lost,
    Process,
    encode,
    fields_to_remove,
    lost_word,
    process_of,
    processes_of,
)
from signaltape.control.state import MOST_TEXT, control_of, is_newer, short_text
from tests.support.forked import begin, environment_of_loaded
from tests.support.waiting import LONGEST_S

NOW_MS = 1_700_000_000_000


def word(epoch: int, state: Any = RUNNING) -> Control:
    return Control(state=state, epoch=epoch)


def process(epoch: int, state: Any = RUNNING, heard: Any = None) -> Process:
    """heard: what its word says; the same as it does if not given."""
    return Process(
        name="engine@a:1",
        role="engine",
        host="a",
        pid=1,
        seen_ms=NOW_MS,
        started_ms=0,
        epoch=epoch,
        state=state,
        heard=heard or state,
    )


def old(one: Process) -> Process:
    """As one shows itself that does not say what it heard."""
    return structs.replace(one, heard=None)


def test_nothing_is_known_of_a_hash_that_is_not_there() -> None:
    assert control_of({}) is None


@given(st.dictionaries(st.binary(max_size=8), st.binary(max_size=40)))
def test_whatever_stands_in_the_hash_is_read_or_refused(fields: dict[bytes, bytes]) -> None:
    try:
        control_of(fields)
    except Garbled as error:
        assert "\x1b" not in str(error)
        assert "\n" not in str(error)


@given(by=st.binary(max_size=2000), at_ms=st.binary(max_size=30))
def test_by_whom_and_when_may_be_anything(by: bytes, at_ms: bytes) -> None:
    said = control_of({b"state": b"paused", b"epoch": b"7", b"by": by, b"why": by, b"at_ms": at_ms})
    assert said is not None
    assert (said.paused, said.epoch) == (True, 7)
    assert len(said.by) <= MOST_TEXT
    assert "\0" not in said.by
    assert said.at is not None


@given(st.text(max_size=400))
def test_a_text_is_cut_and_can_be_stored(text: str) -> None:
    assert short_text(text).encode() == short_text(text).encode("utf-8", "strict")
    assert len(short_text(text + "\ud800\0")) <= MOST_TEXT


def test_of_two_words_with_one_number_the_pause_is_newer() -> None:
    assert is_newer(word(5, PAUSED), word(5))
    assert not is_newer(word(5), word(5, PAUSED))
    assert not is_newer(None, None)
    assert is_newer(word(1), None)


def test_a_mind_never_goes_back() -> None:
    mind = Mind()
    assert mind.hear(word(5, PAUSED))
    for older in (word(5), word(4), word(5, PAUSED), None):
        assert not mind.hear(older)
    assert mind.known == word(5, PAUSED)
    assert not mind.says_running(word(4))
    assert mind.hear(word(6))
    assert mind.says_running(word(6))
    assert not mind.says_running(None)


def test_the_switch_trips_in_silence_and_is_lifted_by_a_word_alone() -> None:
    switch = DeadManSwitch(5.0, 100.0)
    assert not switch.look(104.9)
    assert switch.look(105.0)
    switch.heard(106.0, says_running=False)
    assert switch.look(106.0)
    switch.heard(107.0, says_running=True)
    assert not switch.look(111.9)
    assert switch.look(112.0)


def test_without_a_time_it_never_trips() -> None:
    assert not DeadManSwitch(None, 0.0).look(1e9)


def test_callbacks_hear_of_changes_only() -> None:
    told: list[tuple[str, bool]] = []
    calls = Callbacks()
    calls.add(lambda paused: told.append(("a", paused)))
    for paused in (False, True, True, False):
        calls.tell(paused)
    calls.add(lambda paused: told.append(("b", paused)))
    calls.tell(False)
    calls.tell(True)
    assert told == [("a", True), ("a", False), ("a", True), ("b", True)]


@given(st.binary(max_size=60), st.binary(max_size=200))
def test_whatever_stands_in_the_list_is_a_process_or_none(name: bytes, value: bytes) -> None:
    found = process_of(name, value)
    assert found is None or found.pid >= 0


@pytest.mark.parametrize(
    "changes",
    [{"pid": -1}, {"state": "x"}, {"epoch": 2**60}, {"seen_ms": "x"}, {"host": "h" * 300}, {"role": None}],
)
def test_a_field_that_breaks_the_rules_is_none_of_ours(changes: dict[str, Any]) -> None:
    well = {"role": "e", "host": "h", "pid": 1, "seen_ms": 1, "started_ms": 1, "epoch": 0, "state": "running"}
    assert process_of(b"e@h:1", json.dumps(well).encode()) is not None
    assert process_of(b"e@h:1", json.dumps({**well, **changes}).encode()) is None
    assert process_of(b"e@h:1", json.dumps({**well, "more": "x" * 5000}).encode()) is None


def test_what_is_gone_or_none_of_ours_is_removed() -> None:
    def field(seen_ms: int) -> bytes:
        shown = {"role": "e", "host": "h", "pid": 1, "seen_ms": seen_ms, "started_ms": 1, "epoch": 0}
        return json.dumps({**shown, "state": "running"}).encode()

    fields = {
        b"here": field(NOW_MS),
        b"silent": field(NOW_MS - GONE_MS),
        b"gone": field(NOW_MS - GONE_MS - 1),
        b"forgotten": field(NOW_MS - FORGOTTEN_MS - 1),
        b"of a clock that was set": field(NOW_MS + GONE_MS + 1),
        b"garbage": b"{}",
    }
    assert fields_to_remove(fields, NOW_MS) == [b"forgotten", b"of a clock that was set", b"garbage"]
    many = {f"e{number:02}".encode(): field(NOW_MS - GONE_MS - 1 - number) for number in range(MOST_GONE + 2)}
    assert fields_to_remove(many, NOW_MS) == [b"e50", b"e51"], "the last ones are named"
    assert [one.name for one in processes_of(fields)][-1] == "silent"


@pytest.mark.parametrize(
    ("kept", "heard", "expected"),
    [
        (word(5), [process(5)], None),
        (word(5), [process(4, PAUSED)], None),
        (word(5), [process(6, PAUSED)], Lost(6, PAUSED, "engine@a:1")),
        (word(5), [process(7), process(6, PAUSED)], Lost(7, PAUSED, "engine@a:1")),
        (word(5), [process(6)], Lost(6, RUNNING, "engine@a:1")),
        (word(5, PAUSED), [process(6)], Lost(6, PAUSED, "engine@a:1")),
        (word(5), [process(NOW_MS + BELIEVED_AHEAD_MS + 1, PAUSED)], None),
        # of two words with one number the pause was lost
        (word(5), [process(5), process(5, PAUSED)], Lost(5, PAUSED, "engine@a:1")),
        (word(5, PAUSED), [process(5)], None),
        # out of reach of control it pauses by itself: that is no word
        (word(5), [process(5, PAUSED, heard=RUNNING)], None),
        (word(5), [process(6, PAUSED, heard=RUNNING)], Lost(6, RUNNING, "engine@a:1")),
        (word(5), [old(process(5, PAUSED))], None),
        (word(5), [old(process(6, PAUSED))], Lost(6, PAUSED, "engine@a:1")),
    ],
)
def test_a_word_that_only_processes_know(kept: Control, heard: list[Process], expected: Lost | None) -> None:
    assert lost_word(heard, kept, NOW_MS) == expected


def test_a_name_that_is_taken_is_told_apart() -> None:
    who = Identity(role="engine", host="h", pid=1, started_ms=NOW_MS)
    who.rename()
    assert who.name == "engine@h:1.v28"
    assert who.shown(None, RUNNING, 5).epoch == 0


def test_what_it_heard_is_told_apart_from_what_it_does() -> None:
    who = Identity(role="engine", host="h", pid=1, started_ms=NOW_MS)
    tripped, unheard = who.shown(word(5), PAUSED, 5), who.shown(None, PAUSED, 5)
    assert [(one.heard, one.state) for one in (tripped, unheard)] == [(RUNNING, PAUSED), (None, PAUSED)]
    assert process_of(b"engine@h:1", encode(tripped)) == Process(**structs.asdict(tripped), name="engine@h:1")


def test_importing_loads_nothing_of_control() -> None:
    code = (
        "import signaltape, sys; print([m for m in sys.modules if 'control' in m or m.startswith('redis')])"
    )
    assert _printed(code) == "[]"


@pytest.mark.parametrize(
    "how",
    [
        "Settings(feature_event_logging=False, redis_url=url)",
        "Settings(feature_event_logging=True)",
        "Settings(feature_event_logging=True, redis_url=url, run_mode='REPLAY')",
        "Settings(feature_event_logging=True, redis_url=url), ship=False",
        "Settings(feature_event_logging=True, redis_url=url), control=False",
    ],
)
def test_without_recording_or_redis_nothing_pauses_and_no_thread_runs(how: str) -> None:
    code = f"""
import threading
from signaltape import Emitter, Secret, Settings
url = Secret("redis://127.0.0.1:1/0")
tape = Emitter({how})
tape.on_pause(print)
print(tape.paused, tape.control_known, [t.name for t in threading.enumerate() if "control" in t.name])
tape.close()
"""
    process = begin(("-c", code), environment_of_loaded())
    said = process.communicate(timeout=LONGEST_S)
    assert (process.returncode, said[0].strip()) == (0, "False False []"), said


def test_a_process_without_redis_ends_at_once_and_says_nothing_of_it(tmp_path: Path) -> None:
    code = """
from signaltape import Emitter
tape = Emitter()
print(tape.paused)
"""
    done = _run(
        code, FEATURE_EVENT_LOGGING="true", REDIS_URL="redis://127.0.0.1:1/0", SIGNALTAPE_HOME=str(tmp_path)
    )
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_what_is_no_function_is_not_called_back(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    settings = Settings(feature_event_logging=True, redis_url=Secret("redis://127.0.0.1:1/0"), home=tmp_path)
    with caplog.at_level(logging.WARNING), Emitter(settings) as tape:
        tape.on_pause("soon")  # type: ignore[type-var]
    assert "on_pause wants a function, got 'soon'" in caplog.text


def _printed(code: str) -> str:
    done = _run(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _run(code: str, **changes: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    environment = {"PYTHONPATH": str(root / "producer"), "PATH": "/usr/bin:/bin", **changes}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=LONGEST_S,
    )
