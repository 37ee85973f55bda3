"""The quick decoder against the exact one: the same verdict, the same rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding.fast_events import fast_decode
from signaltape.contract.codec import decode
from signaltape.contract.declared import declared
from signaltape.contract.events import EVENTS
from signaltape.errors import InvalidEvent
from sink.write.rows import DETAIL, layer_lines
from tests.support.samples import ALL_SAMPLES, LAYERS, as_json, new_id

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        [
            "0.5",
            "NaN",
            0,
            1,
            1.0,
            0.0,
            1e6,
            1e15,
            "long",
            "sl",
            "bad",
            "limit",
            {"primary": {"side": "long"}},
            [],
            {},
        ]
    ),
    st.sampled_from(
        ["2022-01-17T09:30:00", "1969-01-01T00:00:00Z", "2022-01-17T09:30:00+07:00", "2199-12-31"]
    ),
    st.decimals(allow_nan=False, allow_infinity=False),
    # as engines in JavaScript say a time, and others a whole number
    st.sampled_from([1_642_376_400_123, 1_642_376_400_123.0, 1_642_376_400_123.456, 7_258_118_400_001, -1]),
    st.sampled_from(
        [30.0, 30.5, 3e1, Decimal("30.00"), Decimal("3E+1"), Decimal("30.00000000000000000001"), "30"]
    ),
    st.sampled_from(
        [Decimal("1E-1100"), Decimal("1E+1100"), Decimal("0E-2000"), "1e-5000", Decimal("0." + "1" * 1200)]
    ),
    st.sampled_from(["2022-01-17T09:30:00+15:59", "2022-01-17T09:30:00-16:00", "2022-01-17T09:30:00+23:59"]),
)
fields = st.sampled_from(sorted({field.name for kind in EVENTS.values() for field in declared(kind)}))


def _quick(name: str, data: bytes, ts: datetime) -> Any:
    return fast_decode(name, data, "1-0", lambda _: ts)


def rows(name: str, data: bytes) -> tuple[Any, ...]:
    exact = decode(name, data, default_ts=NOON)
    return _rows(name, exact)


def _rows(name: str, decoded: Any) -> tuple[Any, ...]:
    columns = DETAIL[name].line(decoded, decoded.ts.isoformat()).split("\t")
    return (decoded.event_id, decoded.ts, [_number(one) for one in columns], layer_lines(decoded))


def _number(column: str) -> Any:
    """What Postgres makes of a column: 1E+2 and 1e2 are one number."""
    try:
        number = Decimal(column)
    except InvalidOperation:
        return column
    return number if number.is_finite() else column  # `NaN` is a text here


@given(name=st.sampled_from(list(ALL_SAMPLES)), changes=st.dictionaries(fields, odd, max_size=3), drop=fields)
def test_what_is_accepted_fast_has_the_rows_of_the_exact_decoder(
    name: str, changes: dict[str, Any], drop: str
) -> None:
    event = {**ALL_SAMPLES[name]("8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11"), **changes}
    if len(changes) == 2:
        event.pop(drop, None)
    try:
        data = as_json(event)
    except (ValueError, TypeError, OverflowError):
        return
    quick = _quick(name, data, NOON)
    if quick is None:
        return
    assert _rows(name, quick) == rows(name, data)


@pytest.mark.parametrize("name", ALL_SAMPLES)
def test_ordinary_events_are_decoded_fast(name: str) -> None:
    # a tab in a name is written with a backslash, and that is left to the exact decoder
    layers = {layer: says for layer, says in LAYERS.items() if "\t" not in layer}
    more = {"layers": layers} if name == "signal_published" else {}
    data = json.dumps({**ALL_SAMPLES[name](new_id()), **more}).encode()
    quick = _quick(name, data, NOON)
    assert quick is not None
    assert _rows(name, quick) == rows(name, data)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("signal_published", {"confluence_score": 1.7}),
        ("signal_published", {"entry": -1}),
        ("signal_published", {"side": "short"}),
        ("signal_closed", {"rr_realized": 1e9}),
        ("signal_triggered", {"ts_triggered": "3000-01-01T00:00:00Z"}),
        ("signal_triggered", {"signal_id": "not one"}),
    ],
)
def test_what_the_contract_refuses_is_never_accepted_fast(name: str, changes: dict[str, Any]) -> None:
    data = json.dumps({**ALL_SAMPLES[name](new_id()), **changes}).encode()
    assert _quick(name, data, NOON) is None
    with pytest.raises(InvalidEvent):
        decode(name, data, default_ts=NOON)
