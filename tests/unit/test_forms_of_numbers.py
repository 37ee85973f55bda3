"""Times and whole numbers as JavaScript and others write them, from emit and from a foreign producer alike."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from signaltape import Emitter, InvalidEvent, Settings
from signaltape.contract.events import EVENTS
from sink.write.rows import DETAIL
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import ALL_SAMPLES, as_json, closed, published, triggered

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def arrived(name: str, data: bytes) -> Any:
    """An entry as the worker accepts it; the reason, if it does not."""
    batch = decode_entries([Entry("s:{0}", "1642376400000-0", [b"event", name.encode(), b"data", data])])
    if batch.dead:
        return batch.dead[0].reason
    return batch.accepted[0] if batch.accepted else next(iter(batch.records.rows()))


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("own_field", [True, False])
@pytest.mark.parametrize(
    ("written", "after_epoch"),
    [
        ("1642376400123", timedelta(milliseconds=1_642_376_400_123)),
        ("1642376400123.0", timedelta(milliseconds=1_642_376_400_123)),
        ("1.642376400123e12", timedelta(milliseconds=1_642_376_400_123)),
        ("1642376400123.456", timedelta(milliseconds=1_642_376_400_123, microseconds=456)),
        ("7258031999999.999", timedelta(milliseconds=7_258_031_999_999, microseconds=999)),
    ],
)
def test_a_time_in_milliseconds_is_that_time(
    name: str, own_field: bool, written: str, after_epoch: timedelta
) -> None:
    field = EVENTS[name].TIME_FIELD if own_field else "ts"
    data = as_json(ALL_SAMPLES[name]())[:-1] + f',"{field}":{written}}}'.encode()
    accepted = arrived(name, data)
    assert accepted.decoded.ts - _EPOCH == after_epoch
    assert accepted.payload == data, "kept as it was sent"
    with_escape = data[:-1] + b',"note":"a\\\\b"}'  # for the exact decoder
    assert arrived(name, with_escape).decoded.ts - _EPOCH == after_epoch


def test_the_time_of_a_record_may_be_a_float_too() -> None:
    data = as_json(
        {
            **RECORD_SAMPLES["market_trade"],
            "id": "0196f3a0-0000-7000-8000-000000000001",
            "timestamp": 1642376400123.25,
        }
    )
    assert arrived("market_trade", data).ts - _EPOCH == timedelta(
        milliseconds=1_642_376_400_123, microseconds=250
    )


@pytest.mark.parametrize("written", ["-1", "7258204800000", "1e300", "true", "99999999999999999999"])
def test_what_is_no_time_in_milliseconds_is_refused(written: str) -> None:
    assert str(
        arrived("signal_closed", as_json(closed())[:-1] + f',"ts_closed":{written}}}'.encode())
    ).startswith("ts_closed must be ")


@pytest.mark.parametrize("written", ["420000", "420000.0", "4.2e5", "420000.000", '"420000"'])
def test_a_whole_number_is_stored_as_one_however_it_is_written(written: str) -> None:
    data = as_json(triggered()).replace(b"420000", written.encode())
    accepted = arrived("signal_triggered", data)
    table = DETAIL["signal_triggered"]
    cells = dict(zip(table.columns, table.line(accepted.decoded, "").split("\t"), strict=True))
    assert cells["time_to_trigger_ms"] == "420000"


@pytest.mark.parametrize(
    "written", ["30.5", "30.00000000000000000001", "0.0", "-30.0", "2147483648.0", "1e400", '"x"', "true"]
)
def test_what_is_no_whole_number_is_refused(written: str) -> None:
    said = arrived("signal_published", as_json(published()).replace(b":30,", f":{written},".encode()))
    assert said.startswith("expiry_minutes must be a whole number of minutes, 1 or more, got")


_ms = st.integers(0, 7_000_000_000_000)
_odd_time = st.one_of(
    _ms, _ms.map(float), st.floats(0, 7e12), st.decimals(0, 7 * 10**12, places=3), st.integers(), st.floats()
)
_odd_whole = st.one_of(
    st.integers(0, 2**64),
    st.floats(0, 1e6),
    _ms.map(float),
    st.decimals(0, 10**6, places=2),
    st.text(max_size=3),
)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Emitter(
        Settings(feature_event_logging=True, home=tmp_path_factory.mktemp("forms")), ship=False
    ) as tape:
        tape.closed(closed())
        yield tape


@given(moment=_odd_time, whole=_odd_whole)
def test_emit_and_the_worker_are_of_one_mind(tape: Emitter, moment: Any, whole: Any) -> None:
    event = triggered(ts_triggered=moment, time_to_trigger_ms=whole)
    if isinstance(moment, float) and not math.isfinite(moment):  # JSON has no word for it but null
        assert tape.triggered(event) is False
        return
    try:
        data = as_json(event)
    except (ValueError, OverflowError):
        return
    found = arrived("signal_triggered", data)
    accepted = not isinstance(found, str)
    assert tape.triggered(event) is accepted
    if accepted:
        assert found.decoded.event.time_to_trigger_ms == Decimal(whole)
        assert abs((found.decoded.ts - _EPOCH) / timedelta(milliseconds=1) - float(moment)) < 0.001


def test_milliseconds_do_not_leave_the_fast_path(tape: Emitter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape, "_emit", lambda *_: pytest.fail("the thorough way"))
    assert tape.published(published(ts_published=time.time_ns() // 1_000_000))
    assert tape.published(published(ts=time.time() * 1000))


def test_an_offset_that_is_no_whole_minute_is_refused_and_not_cut(tmp_path: Path) -> None:
    before_zones = timezone(
        timedelta(hours=7, minutes=7, seconds=12)
    )  # Jakarta as `pytz` has it without localize
    noon = datetime(2022, 1, 17, 12, tzinfo=before_zones)
    with Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False, strict=True) as strict:
        assert strict.closed(closed())
        for field in ("ts_closed", "ts"):
            with pytest.raises(InvalidEvent, match=f"{field} must be a whole number of minutes from UTC"):
                strict.closed({**closed(), field: noon})
        with pytest.raises(InvalidEvent, match="timestamp must be a whole number of minutes from UTC"):
            strict.state({**RECORD_SAMPLES["state_event"], "timestamp": noon})
