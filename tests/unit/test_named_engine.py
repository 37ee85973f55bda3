"""SIGNALTAPE_ENGINE: the engine's name stands in all that carries none, whichever way an event takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape import Emitter, Settings, SettingsError
from signaltape.contract.codec import validate
from signaltape.shipping.encoding import EntryEncoder
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES
from tests.unit.test_fast_path import Tape, method

address = EntryEncoder("tape", 1)
NAME = 'desk "A" \\ №1'


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tape]:
    home = tmp_path_factory.mktemp("named")
    tape = Tape(home, engine=NAME)
    yield tape
    tape.close()


def written(tape: Tape) -> list[dict[str, Any]]:
    return [json.loads(address(frame).data) for frame in tape.new()]


@pytest.mark.parametrize("name", SAMPLES)
def test_an_ordinary_event_gets_it_on_the_fast_path(
    tape: Tape, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def own_way(*_: Any) -> bool:
        raise AssertionError("it was ordinary")

    monkeypatch.setattr(tape.emitter, "_emit", own_way)
    event = SAMPLES[name]()
    assert method(name)(tape.emitter, event)
    assert method(name)(tape.emitter, **event, engine="another")
    assert method(name)(tape.emitter, {**event, "note": "more than the least"})
    assert [one["engine"] for one in written(tape)] == [NAME, "another", NAME]
    assert "engine" not in event  # the caller's own


@given(
    st.sampled_from(sorted(SAMPLES)),
    st.dictionaries(
        st.sampled_from(["engine", "setup", "note"]), st.none() | st.text(max_size=520), max_size=3
    ),
)
def test_both_ways_come_to_the_same(tape: Tape, name: str, more: dict[str, Any]) -> None:
    event = SAMPLES[name](**more)
    fast = method(name)(tape.emitter, event)
    assert method(name).__wrapped__(tape.emitter, event) is fast
    frames = tape.new()
    assert len(frames) == (2 if fast else 0)
    read = [json.loads(address(frame).data) for frame in frames]
    for one, frame in zip(read, frames, strict=True):
        validate(name, address(frame).data)
        for moment in ("ts_published", "ts_triggered", "ts_invalidated", "ts_closed"):
            one.pop(moment, None)
    assert read[:1] == read[1:]
    assert all(one["engine"] == (NAME if more.get("engine") is None else more["engine"]) for one in read)


def test_records_get_it_too(tmp_path: Path) -> None:
    with Emitter(Settings(feature_event_logging=True, home=tmp_path, engine=NAME), ship=False) as tape:
        assert tape.state(RECORD_SAMPLES["state_event"])
        assert tape.state({**RECORD_SAMPLES["state_event"], "engine": "another"})
    (segment,) = (tmp_path / "journal").rglob("*.seg")
    held = segment.read_bytes()
    assert json.dumps(NAME, ensure_ascii=False).encode() in held
    assert b'"engine":"another"' in held


def test_without_the_setting_nothing_is_added(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    assert tape.emitter.closed(SAMPLES["signal_closed"]())
    assert "engine" not in written(tape)[0]
    tape.close()


def test_a_name_that_is_too_long_is_refused_by_its_variable() -> None:
    with pytest.raises(SettingsError, match="SIGNALTAPE_ENGINE"):
        Settings.from_env({"SIGNALTAPE_ENGINE": "x" * 513})
    assert Settings.from_env({"SIGNALTAPE_ENGINE": "x" * 512}).engine == "x" * 512


def test_a_bad_name_in_settings_made_by_hand_keeps_no_event_out(tmp_path: Path) -> None:
    tape = Tape(tmp_path, engine="x" * 513)
    assert tape.emitter.closed(SAMPLES["signal_closed"]())
    assert "engine" not in written(tape)[0]
    tape.close()


def test_a_name_with_nul_in_settings_made_by_hand_keeps_no_event_out(tmp_path: Path) -> None:
    tape = Tape(tmp_path, engine="a\0b")
    assert tape.emitter.closed(SAMPLES["signal_closed"]())
    assert "engine" not in written(tape)[0]
    tape.close()
