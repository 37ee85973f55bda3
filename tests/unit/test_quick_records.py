"""The quick way to accept a record against the contract: the same verdict, the same record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.record_contract import decode_record
from signaltape.records import type_of
from sink.quick_records import quick_record
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import as_json

ID = "0196f3a0-0000-7000-8000-000000000001"
NOON = "2022-01-17T12:00:00.123456+07:00"

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([ID.upper(), ID.replace("-", ""), f"{ID[:-1]}g", f"{{{ID}}}", "é" * 36, "\ud800"]),
    st.sampled_from(
        ["2022-01-17T09:30:00", "1969-01-01T00:00:00Z", "2022-01-17T09:30:00+05:30", "2199-12-31"]
    ),
)


def _exact(name: str, data: bytes) -> tuple[Any, ...]:
    found = decode_record(name, data, stream="s", entry_id="1-0", default_ts=lambda: datetime.now(UTC))
    event_type = type_of(name, found.record.event_type)
    return found.record_id, found.record.symbol, event_type, found.ts


def _quick(name: str, data: bytes) -> tuple[Any, ...] | None:
    found = quick_record(name, data, "s", "1-0")
    return None if found is None else (found.record_id, found.symbol, found.event_type, found.ts)


@given(
    name=st.sampled_from(list(RECORD_SAMPLES)),
    changes=st.dictionaries(
        st.sampled_from(["id", "timestamp", "symbol", "eventType", "price", "qty", "side", "mode"]), odd
    ),
)
def test_what_is_quickly_accepted_is_the_record_of_the_contract(name: str, changes: dict[str, Any]) -> None:
    try:
        data = as_json({"id": ID, "timestamp": NOON, **RECORD_SAMPLES[name], **changes})
    except (ValueError, OverflowError):
        return
    quick = _quick(name, data)
    assert quick is None or quick == _exact(name, data)


@pytest.mark.parametrize("name", RECORD_SAMPLES)
def test_what_the_emitter_writes_is_accepted_quickly(name: str) -> None:
    data = as_json({"id": ID, **RECORD_SAMPLES[name], "timestamp": datetime.now(UTC)})
    assert _quick(name, data) == _exact(name, data)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": ID.upper()},
        {"timestamp": None},
        {"timestamp": "2022-01-17T12:00:00"},
        {"price": -1},
    ],
)
def test_the_rest_is_left_to_the_contract(changes: dict[str, Any]) -> None:
    data = as_json({"id": ID, "timestamp": NOON, **RECORD_SAMPLES["market_trade"], **changes})
    assert _quick("market_trade", data) is None
