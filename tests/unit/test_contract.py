"""The contract: what is accepted, what is refused, and that a refusal names the field."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.clock import WIB
from signaltape.contract.codec import check, decode, encode, event_id, validate
from signaltape.contract.events import EVENTS, SignalPublished
from signaltape.contract.limits import MAX_EVENT_BYTES
from signaltape.errors import InvalidEvent
from tests.support.samples import ALL_SAMPLES, as_json, closed, new_id, published, triggered

NOON = datetime(2022, 1, 17, 12, 0, tzinfo=UTC)


def refusal(name: str, fields: dict[str, Any]) -> str:
    with pytest.raises(InvalidEvent) as caught:
        validate(name, as_json(fields))
    return str(caught.value)


@pytest.mark.parametrize("name", EVENTS)
def test_the_samples_are_valid(name: str) -> None:
    assert validate(name, as_json(ALL_SAMPLES[name]())).symbol == "SOL-USDT-SWAP"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confluence_score": 1.7}, "confluence_score must be in 0..1, got 1.7"),
        ({"confluence_score": -0.01}, "confluence_score must be in 0..1, got -0.01"),
        ({"confluence_score": "high"}, "confluence_score must be in 0..1, got 'high'"),
        ({"confluence_score": "NaN"}, "confluence_score must be in 0..1, got 'NaN'"),
        ({"signal_id": "42"}, "signal_id must be a UUID, got '42'"),
        ({"symbol": ""}, "symbol must be a text of 1 to 128 characters, got ''"),
        ({"symbol": 7}, "symbol must be a text of 1 to 128 characters, got 7"),
        ({"rr": 0}, "rr must be an R multiple above 0, got 0"),
        ({"expiry_minutes": 0}, "expiry_minutes must be a whole number of minutes, 1 or more, got 0"),
        ({"expiry_minutes": 2.5}, "expiry_minutes must be a whole number of minutes, 1 or more, got 2.5"),
        (
            {"scenarios": {"primary": {"side": "up"}}},
            "scenarios.primary.side must be long or short, got 'up'",
        ),
        ({"scenarios": {}}, "side is required: give scenarios.primary.side or side (long or short)"),
        ({"side": "short"}, "side must equal scenarios.primary.side, got short and long"),
        ({"sl": -1}, "sl must be a price above 0, got -1"),
        ({"ts_published": "soon"}, "ts_published must be an ISO 8601 time"),
        ({"ts_published": "0001-01-01T00:00:00Z"}, "ts_published must lie in the years 1970 to 2199"),
        ({"ts": "9999-12-31T23:59:59Z"}, "ts must lie in the years 1970 to 2199"),
        ({"confidence": 2}, "confidence must be in 0..1, got 2"),
        ({"note": "a\0b"}, "a text must not contain the NUL character"),
    ],
)
def test_a_refusal_names_the_field_the_rule_and_the_value(changes: dict[str, Any], message: str) -> None:
    assert message in refusal("signal_published", published(**changes))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *(("signal_published", field) for field in published() if field != "scenarios"),
        *(("signal_triggered", field) for field in triggered()),
        *(("signal_invalidated", field) for field in ALL_SAMPLES["signal_invalidated"]()),
        *(("signal_closed", field) for field in closed()),
    ],
)
def test_a_missing_field_is_named(name: str, field: str) -> None:
    fields = ALL_SAMPLES[name]()
    del fields[field]
    assert refusal(name, fields) == f"{field} is required"


def test_reasons_are_enumerations() -> None:
    bored = ALL_SAMPLES["signal_invalidated"](reason="bored")
    assert refusal("signal_invalidated", bored) == "reason must be sl, hard_invalidate or expiry, got 'bored'"
    assert "exit_reason must be tp, sl, time, manual or other" in refusal(
        "signal_closed", closed(exit_reason="x")
    )


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":' * 100_000, b"{" + b"x" * 100]
)
def test_bytes_that_are_no_event_are_refused_in_words(raw: bytes) -> None:
    with pytest.raises(InvalidEvent, match=r"data must|signal_id"):
        validate("signal_published", raw)


def test_an_event_that_is_too_large_is_refused() -> None:
    assert "at most" in refusal("signal_published", published(note="x" * MAX_EVENT_BYTES))


def test_an_unknown_event_and_an_unknown_version_are_refused() -> None:
    with pytest.raises(InvalidEvent, match=r"event must be one of signal_published, .*, got 'signal_lost'"):
        validate("signal_lost", b"{}")
    with pytest.raises(InvalidEvent, match=r"v \(schema version\) must be 1, got 2"):
        decode("signal_closed", as_json(closed()), default_ts=NOON, version=2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_must_be_finite_at_any_depth(value: float) -> None:
    with pytest.raises(InvalidEvent, match=r"extra\.deep\[1\] must be a finite number"):
        encode(published(extra={"deep": [1, value]}))
    with pytest.raises(InvalidEvent, match="confluence_score must be a finite number"):
        encode(published(confluence_score=value))
    with pytest.raises(InvalidEvent, match=r"setup\[0\] must be a finite number"):
        encode(published(setup=[value]))
    with pytest.raises(InvalidEvent, match="note must be a finite number"):
        encode(published(setup="a \\ b", note=value))


def test_null_where_null_is_meant_is_fine() -> None:
    assert b"null" in encode(published(setup=None))


def test_numbers_are_kept_exactly_as_sent() -> None:
    for text in ("0.798", "0.79996", "0.1000", "0.79999999999999999999"):
        raw = as_json(published()).replace(b"0.82", text.encode())
        event = validate("signal_published", raw)
        assert isinstance(event, SignalPublished)
        assert str(event.confluence_score) == text


def test_a_number_may_come_as_text_because_decimals_do_in_other_languages() -> None:
    event = validate("signal_published", as_json(published(confluence_score="0.70")))
    assert isinstance(event, SignalPublished)
    assert event.confluence_score == Decimal("0.70")


def test_the_side_may_stand_in_either_place() -> None:
    plain = published(side="short")
    del plain["scenarios"]
    for fields, side in ((published(), "long"), (plain, "short")):
        event = validate("signal_published", as_json(fields))
        assert isinstance(event, SignalPublished)
        assert event.direction == side


def test_layers_come_in_three_forms() -> None:
    layers = {"smc": {"match": True, "weight": 0.2, "value": [1]}, "trend": False, "volume": "not_match"}
    validate("signal_published", as_json(published(layers=layers)))
    assert "layers" in refusal("signal_published", published(layers={"smc": "maybe"}))
    assert "weight must be a number, got NaN" in refusal(
        "signal_published", published(layers={"smc": {"match": True, "weight": "NaN"}})
    )


def test_a_time_without_zone_is_wib_and_a_missing_one_is_the_default() -> None:
    def ts(**changes: Any) -> datetime:
        return decode("signal_closed", as_json(closed(**changes)), default_ts=NOON).ts

    assert ts(ts_closed="2022-01-17T19:00:00") == datetime(2022, 1, 17, 19, 0, tzinfo=WIB) == NOON
    assert ts(ts_closed="2022-01-17T12:00:00Z") == NOON
    assert ts(ts="2022-01-17T12:00:00+00:00") == NOON
    assert ts() == NOON


@pytest.mark.parametrize("year", ["0001", "1969", "2200", "9999"])
def test_the_emit_path_refuses_impossible_times_too(year: str) -> None:
    with pytest.raises(InvalidEvent, match="must lie in the years"):
        check("signal_closed", as_json(closed(ts_closed=f"{year}-06-01T00:00:00Z")))
    check("signal_closed", as_json(closed(ts_closed="2199-12-31T23:59:59Z")))


def test_an_event_has_one_identity_however_its_id_is_written() -> None:
    signal_id = new_id()
    written = [signal_id, signal_id.upper(), signal_id.replace("-", "")]
    ids = {decode("signal_closed", as_json(closed(one)), default_ts=NOON).event_id for one in written}
    assert ids == {event_id(signal_id, "signal_closed")}


def test_the_identity_never_changes() -> None:
    signal_id = "8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11"
    assert event_id(signal_id, "signal_published") == "bbc9297f-075f-5c46-ac1e-39c767c5db5d"


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [0, 1, -1, 0.0, 1.0, "0.5", "x", None, True, 1e6, -1e6, 1e15, Decimal("1.00000000000000000001")]
    ),
)


@given(
    name=st.sampled_from(list(EVENTS)),
    field=st.sampled_from(
        [
            "confluence_score",
            "rr",
            "confidence",
            "sl",
            "entry_fill",
            "rr_realized",
            "rr_best",
            "fees_r",
            "side",
        ]
    ),
    value=NUMBERS,
)
def test_the_quick_check_and_the_exact_one_give_the_same_verdict(name: str, field: str, value: Any) -> None:
    fields = ALL_SAMPLES[name](**{field: value})
    data = as_json(fields)
    try:
        validate(name, data)
    except InvalidEvent as error:
        with pytest.raises(InvalidEvent) as caught:
            check(name, data)
        assert str(caught.value) == str(error)
    else:
        check(name, data)
        assert encode(fields) == data


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(list(EVENTS)), changes=st.dictionaries(st.text(max_size=12), JSON, max_size=4))
def test_nothing_but_an_invalid_event_error_ever_comes_out(name: str, changes: dict[str, Any]) -> None:
    try:
        validate(name, as_json({**ALL_SAMPLES[name](), **changes}))
    except InvalidEvent as error:
        assert str(error)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(raw: bytes) -> None:
    with pytest.raises(InvalidEvent):
        validate("signal_closed", raw)


def test_schema_and_validator_agree_on_what_is_required() -> None:
    for kind in EVENTS.values():
        schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
        assert {"signal_id", "symbol"} <= set(schema["required"])
