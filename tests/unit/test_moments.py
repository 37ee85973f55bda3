"""Times with more digits than microseconds: the last moment of a week stays in its week, at every way in."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from signaltape.contract.codec import decode
from tests.support.samples import SAMPLES, as_json, new_id

MONDAY = datetime(2022, 1, 24, tzinfo=UTC)
DEFAULT = datetime(2022, 1, 1, tzinfo=UTC)
TIMES = {"signal_published": "ts_published", "signal_triggered": "ts_triggered"}


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("field", ["own", "ts"])
@pytest.mark.parametrize("digits", ["9999999", "9999995", "999999", "99999949999", "999999999"])
def test_the_last_moment_of_a_second_is_not_rounded_into_the_next(name: str, field: str, digits: str) -> None:
    text = f"2022-01-23T23:59:59.{digits}Z"
    data = as_json(SAMPLES[name](new_id(), **{TIMES[name] if field == "own" else "ts": text}))
    last = MONDAY.replace(day=23, hour=23, minute=59, second=59, microsecond=999_999)
    assert decode(name, data, default_ts=DEFAULT).ts == last
    (one,) = decode_entries([entry(name, data)]).accepted
    assert one.decoded.ts == last


def entry(name: str, data: bytes) -> Entry:
    return Entry("s:{0}", "1642950000000-0", [b"event", name.encode(), b"data", data])


def test_a_time_on_the_boundary_stays_there_whatever_else_is_sent() -> None:
    beside = {"note": "23:59:59.9999999", "score2": 0.9999999, "big": msgspec.Raw(b"1e999"), "ts": None}
    data = as_json(SAMPLES["signal_published"](new_id(), ts_published="2022-01-24T00:00:00Z", **beside))
    assert decode("signal_published", data, default_ts=DEFAULT).ts == MONDAY
    (one,) = decode_entries([entry("signal_published", data)]).accepted
    assert one.decoded.ts == MONDAY


@given(st.text("0123456789", min_size=6, max_size=12))
def test_no_digits_move_an_event_over_a_boundary(digits: str) -> None:
    text = f"2022-01-23T23:59:59.{digits}Z"
    data = as_json(SAMPLES["signal_published"](new_id(), ts_published=text))
    assert decode("signal_published", data, default_ts=DEFAULT).ts < MONDAY


def test_records_are_cut_alike_together_and_alone() -> None:
    last = MONDAY.replace(day=23, hour=23, minute=59, second=59, microsecond=999_999)
    texts = ["2022-01-23T23:59:59.9999999Z", "2022-01-24T00:00:00Z", "2022-01-23T23:59:59.5Z"]
    data = [
        as_json({"id": new_id(), "timestamp": text, "symbol": "S", "price": 0.9999999, "qty": 1})
        for text in texts
    ]
    entries = [entry("market_trade", one) for one in data]
    expected = [last, MONDAY, last.replace(microsecond=500_000)]
    assert decode_entries(entries).records.times == expected
    for one, moment in zip(entries, expected, strict=True):
        by_contract = Entry(one.stream, one.entry_id, [*(one.fields or []), b"v", b"1"])
        assert decode_entries([by_contract]).records.times == [moment]
