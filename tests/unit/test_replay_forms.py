"""The form that builds a session: what it asks for, and what is wrong in it, by the field."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from outbox.wording import pace
from signaltape.clock import WIB
from signaltape.errors import InvalidRequest
from web.replay_forms import around, asked_by, form_of, index_of, number_of

SPAN = {"from": "2022-01-17T09:00", "to": "2022-01-17T10:00"}
NOON = datetime(2022, 1, 17, 12, 0, 30, tzinfo=WIB)


def test_a_form_asks_for_what_stands_in_it() -> None:
    asked = asked_by(
        form_of(
            {**SPAN, "symbols": "BTC-PERP, SOL ,", "types": "MARKET_TRADE", "speed": "60", "max_events": "7"}
        )
    )
    assert (asked.source_date_range.since, asked.source_date_range.until) == (SPAN["from"], SPAN["to"])
    assert (asked.symbols, asked.event_types) == (["BTC-PERP", "SOL"], ["MARKET_TRADE"])
    assert (asked.speed_factor, asked.max_events, asked.source) == (60.0, 7, None)


@pytest.mark.parametrize(
    ("field", "text", "named"),
    [
        ("speed", "0", "speedFactor"),
        ("speed", "nan", "speedFactor"),
        ("speed", "fast", "speedFactor"),
        ("max_events", "0", "maxEvents"),
        ("max_events", "many", "maxEvents"),
        ("source", "elsewhere", "source"),
        ("symbols", "x" * 300, "symbols"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(field: str, text: str, named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        asked_by(form_of({**SPAN, field: text}))


def test_a_filled_form_is_an_address() -> None:
    assert form_of({**SPAN, "notes": "a&b"}).address == (
        "/replay?from=2022-01-17T09%3A00&to=2022-01-17T10%3A00&notes=a%26b"
    )


@pytest.mark.parametrize(
    ("ended", "until"),
    [
        ({"ts_closed": NOON + timedelta(minutes=20)}, "12%3A26"),
        ({"ts_invalidated": NOON + timedelta(minutes=20)}, "12%3A26"),
        ({}, "12%3A36"),
    ],
)
def test_around_a_signal_is_from_before_it_was_published_until_after_it_ended(
    ended: dict[str, Any], until: str
) -> None:
    signal = {
        "ts_published": NOON,
        "symbol": "SOL/USDT",
        "expiry_minutes": 30,
        "ts_closed": None,
        "ts_invalidated": None,
        **ended,
    }
    assert around(signal) == (
        f"/replay?from=2022-01-17T11%3A55&to=2022-01-17T{until}&symbols=SOL%2FUSDT&count=1#build"
    )


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "x"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="a speed is a number above 0"):
        number_of(text)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "٣", "9" * 30])
def test_what_is_no_number_of_an_event_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="an event's number"):
        index_of(text)


def test_a_speed_is_said_in_words() -> None:
    assert [pace(one) for one in (60.0, 0.5, None)] == ["speed 60", "speed 0.5", "as fast as possible"]
