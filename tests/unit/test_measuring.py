"""What an engine measures becomes one record for each thing, within bounds, and nothing raises into the engine."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from signaltape import Emitter, InvalidEvent, Settings, SignaltapeError
from signaltape.contract.measure_records import Measurement
from signaltape.measuring import Histogram, Recorder, recorder_of
from signaltape.measuring.names import LONGEST_NAME, MOST_NAMES, MOST_OTHERS, OTHER
from signaltape.measuring.series import LONGEST_ID, MOST_EXAMPLES, status_class, unit_of
from tests.support.measured import by_name, engine, measurements
from tests.unit.hostile_values import Given, hostile

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)


class Channel(StrEnum):
    """As an engine may name its channels."""

    ORDERFLOW = "orderflow"


def test_all_that_was_measured_of_a_thing_is_one_record(tmp_path: Path) -> None:
    with engine(tmp_path, engine="smc-1") as tape:
        for rtt in (12.5, 8, Decimal("30.25"), np.float64(9)):
            assert tape.measure("ws", Channel.ORDERFLOW, rtt_ms=rtt)
    (found,) = measurements(tmp_path)
    said = {"kind": "ws", "name": "orderflow", "figure": "rtt_ms", "unit": "ms", "engine": "smc-1"}
    figures = {"count": 4, "sum": 59.75, "min": 8.0, "max": 30.25, "last": 9.0}
    assert found.items() >= (said | figures).items()
    assert "statuses" not in found
    seen = Histogram()
    for value in (12.5, 8, 30.25, 9):
        seen.add(value)
    assert Histogram.from_text(found["histogram"]) == seen


def test_each_figure_of_a_thing_is_a_record_with_its_unit(tmp_path: Path) -> None:
    with engine(tmp_path) as tape:
        assert tape.measure("screener", "SMC", ttl_s=40, symbols=120, rss_mb=80.5)
        assert tape.measure("freshness", "SOL-USDT", age_ms=900)
    units = {one["figure"]: one["unit"] for one in measurements(tmp_path)}
    assert units == {"ttl_s": "s", "symbols": "number", "rss_mb": "mb", "age_ms": "ms"}
    assert unit_of("ms") == "ms"


def test_spans_follow_one_another_and_one_in_which_nothing_was_measured_is_no_record(tmp_path: Path) -> None:
    now = NOON
    tape = engine(tmp_path)
    recorder = Recorder(tape, clock=lambda: now)
    for late in range(4):
        now = NOON + late * timedelta(seconds=10)
        if late != 2:
            assert recorder.observe("ws", f"at {late}", "rtt_ms", 1.0)
        now += timedelta(seconds=10)
        assert recorder.flush() == (late != 2)
    tape.close()
    spans = {one["name"]: (one["since"], one["timestamp"]) for one in measurements(tmp_path)}
    assert spans == {
        "at 0": ("2022-01-17T05:00:00Z", "2022-01-17T05:00:10Z"),
        "at 1": ("2022-01-17T05:00:10Z", "2022-01-17T05:00:20Z"),
        "at 3": ("2022-01-17T05:00:30Z", "2022-01-17T05:00:40Z"),
    }


def test_a_clock_that_was_set_back_makes_no_span_that_ends_before_it_began(tmp_path: Path) -> None:
    now = NOON
    with engine(tmp_path) as tape:
        recorder = Recorder(tape, clock=lambda: now)
        recorder.observe("ws", "x", "rtt_ms", 1.0)
        now -= timedelta(hours=1)
        recorder.flush()
    (found,) = measurements(tmp_path)
    assert found["since"] == found["timestamp"] == "2022-01-17T04:00:00Z"


def test_an_answer_counts_by_its_class_and_429_apart(tmp_path: Path) -> None:
    with engine(tmp_path) as tape:
        for status in (200, 204, 101, 301, 404, 422, 429, 429, 500, 503, 599):
            assert recorder_of(tape).request("GET /api/signal/<symbol>", status, 12.0)
    (found,) = measurements(tmp_path)
    assert (found["kind"], found["figure"]) == ("http", "latency_ms")
    assert found["statuses"] == {"2xx": 3, "3xx": 1, "4xx": 2, "429": 2, "5xx": 3}
    assert sum(found["statuses"].values()) == found["count"]
    assert "examples" not in found
    assert {status_class(status) for status in range(100, 600)} == {"2xx", "3xx", "4xx", "429", "5xx"}


def test_examples_are_the_newest_that_failed_and_then_the_slowest(tmp_path: Path) -> None:
    with engine(tmp_path) as tape:
        recorder = recorder_of(tape)
        for number in range(10):
            recorder.request("/slow", 200, float(number), f"id-{number}")
            recorder.request("/failing", 500, 1.0, f"id-{number}")
        recorder.request("/mixed", 200, 900.0, "slow")
        recorder.request("/mixed", 502, 1.0, "failed\0" + "é" * 500)
        recorder.request("/mixed", 200, 5.0)
    found = {name: one["examples"] for name, one in by_name(tmp_path).items()}
    assert found["/slow"] == ["id-9", "id-8", "id-7"]
    assert found["/failing"] == ["id-9", "id-8", "id-7"]
    failed, slow = found["/mixed"]
    assert failed.startswith("failedé")
    assert len(failed.encode()) <= LONGEST_ID
    assert slow == "slow"


def test_no_record_is_larger_than_2_kb(tmp_path: Path) -> None:
    with engine(tmp_path, engine="e" * 64) as tape:
        recorder = recorder_of(tape)
        for place in range(20_000):
            recorder.request(
                "/" + "x" * 500, 200 + place % 400, 1.02 ** (place % 1500) / 1000, f"{place:0500}"
            )
    (found,) = measurements(tmp_path)
    assert len(found["examples"]) == MOST_EXAMPLES
    assert len(found["name"]) == LONGEST_NAME
    assert len(msgspec.json.encode(found)) <= 2048


def test_beyond_200_names_the_rest_is_other_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with engine(tmp_path) as tape, caplog.at_level(logging.WARNING):
        recorder = recorder_of(tape)
        for _ in range(2):
            assert all(recorder.observe("ws", f"{number}", "rtt_ms", 1.0) for number in range(MOST_NAMES + 7))
            assert recorder.flush() == MOST_NAMES + 1
    others = [one["count"] for one in measurements(tmp_path) if one["name"] == OTHER]
    assert others == [7, 7]
    assert [one.getMessage() for one in caplog.records] == [
        f"more than {MOST_NAMES} things are measured: the others are named {OTHER}"
    ]


def test_a_name_that_was_not_used_for_an_hour_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaltape.measuring.names.KEPT_S", -1.0)
    with engine(tmp_path) as tape:
        for number in range(MOST_NAMES + 1):
            assert tape.measure("ws", f"{number}", rtt_ms=1)
    assert f"{MOST_NAMES}" in by_name(tmp_path)


def test_neither_do_kinds_and_figures_grow_without_bound(tmp_path: Path) -> None:
    with engine(tmp_path) as tape:
        counted = sum(tape.measure(f"kind {number}", "x", figure=1) for number in range(1000))
        assert counted == MOST_NAMES + MOST_OTHERS
        assert tape.stats()["refused"] == 1000 - counted
    assert len(measurements(tmp_path)) == counted


@pytest.mark.parametrize(
    ("kind", "name", "figures", "says"),
    [
        ("ws", "x", {}, "measure wants a figure, such as rtt_ms=12.5"),
        ("ws", "x", {"rtt_ms": "12"}, "'rtt_ms' must be a number, got '12'"),
        ("ws", "x", {"rtt_ms": None}, "'rtt_ms' must be a number, got None"),
        ("ws", "x", {"rtt_ms": True}, "'rtt_ms' must be a number, got True"),
        ("ws", "x", {"rtt_ms": float("nan")}, "rtt_ms must be a number between -1e15 and 1e15, got nan"),
        ("ws", "x", {"rtt_ms": 10**15 + 1}, "rtt_ms must be a number between -1e15 and 1e15"),
        ("ws", 5, {"rtt_ms": 1}, "name must be a text, got 5"),
        ("ws", "\0", {"rtt_ms": 1}, "name must be a text of 1 to 200 characters, got '\\x00'"),
        ("", "x", {"rtt_ms": 1}, "kind must be a text of 1 to 64 bytes, got ''"),
        ("k" * 65, "x", {"rtt_ms": 1}, "kind must be a text of 1 to 64 bytes, got 'kkk"),
        ("ws", "x", {"f" * 65: 1}, "figure must be a text of 1 to 64 bytes, got 'fff"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, name: Any, figures: dict[str, Any], says: str
) -> None:
    with engine(tmp_path) as tape:
        assert tape.measure(kind, name, **figures) is False
        assert tape.stats()["refused"] == 1
        assert caplog.messages[0].startswith(f"not measured: {says}")
    with Emitter(tape._settings, ship=False, strict=True) as strict, pytest.raises(InvalidEvent):
        strict.measure(kind, name, **figures)
    assert measurements(tmp_path) == []


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=hostile, name=hostile, value=hostile, strict=st.booleans())
def test_nothing_that_is_measured_raises(
    tmp_path: Path, kind: Given, name: Given, value: Given, strict: bool
) -> None:
    settings = Settings(feature_event_logging=True, home=tmp_path)
    with Emitter(settings, ship=False, strict=strict) as tape:
        recorder = recorder_of(tape)
        calls: tuple[Callable[[], bool], ...] = (
            lambda: tape.measure(kind.real, name.real, x=value.real),
            lambda: recorder.observe(kind.real, name.real, value.real, 1.0),
            lambda: recorder.request(name.real, value.real, 1.0),
            lambda: recorder.request("/", 500, 1.0, value.real),
            lambda: recorder.request("/", 200, value.real, name.real),
        )
        for call in calls:
            try:
                assert call() in (True, False)
            except SignaltapeError:
                assert strict
        recorder.flush()


def test_with_logging_off_nothing_is_loaded_started_or_counted(tmp_path: Path) -> None:
    tape = Emitter(Settings(home=tmp_path))
    recorder = recorder_of(tape)
    assert not tape.measure("ws", "x", rtt_ms=1)
    assert not recorder.on
    assert not recorder.observe("ws", "x", "rtt_ms", 1.0)
    assert not recorder.request("/", 200, 1.0)
    assert recorder._thread is None
    assert recorder.flush() == 0
    assert list(tmp_path.iterdir()) == []


def test_an_emitter_has_one_recorder_and_a_closed_one_measures_nothing(tmp_path: Path) -> None:
    tape = engine(tmp_path)
    assert recorder_of(tape) is recorder_of(tape)
    assert tape.measure("ws", "x", rtt_ms=1)
    tape.close()
    assert not tape.measure("ws", "x", rtt_ms=1)
    assert not recorder_of(tape).request("/", 200, 1.0)
    tape.close()
    assert len(measurements(tmp_path)) == 1
    late = engine(tmp_path)
    late.close()
    assert not late.measure("ws", "x", rtt_ms=1)


def test_the_record_fits_its_contract(tmp_path: Path) -> None:
    with engine(tmp_path) as tape:
        recorder_of(tape).request("/", 500, 1e15, "\ud800")
        recorder_of(tape).request("/", 500, 1e15, "x")
    (found,) = measurements(tmp_path)
    assert msgspec.convert(found, Measurement).sum == 2e15
