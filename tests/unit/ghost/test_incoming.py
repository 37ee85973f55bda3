"""What of a tape concerns ghosts: in order, with the worker's own judgement of what is valid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from consumer.entry import Entry
from ghost.incoming import Commanded, Funded, Published, read
from ghost.model.bar import Bar
from tests.support.samples import SAMPLES, published

NOW_MS = 1_768_615_260_000
CANDLE = {
    "symbol": "SOL",
    "interval": "1m",
    "timestamp": NOW_MS,
    "volume": 3,
    "open": 1.10,
    "high": 1.2,
    "low": 1.05,
    "close": 1.15,
}


def entry(name: str, data: Any, number: int = 0, **more: bytes) -> Entry:
    raw = data if isinstance(data, bytes) else msgspec.json.encode(data)
    fields = [b"event", name.encode(), b"data", raw]
    for key, value in more.items():
        fields += [key.encode(), value]
    return Entry("tape:{0}", f"{NOW_MS}-{number}", fields)


def only(name: str, data: Any, **more: bytes) -> Any:
    return next(iter(read([entry(name, data, 0, **more)]).items), None)


def test_a_bar_has_its_numbers_as_they_were_sent() -> None:
    raw = b'{"symbol":"SOL","interval":"1m","timestamp":1768615260000,"volume":3,'
    raw += b'"open":1.10,"high":1.20,"low":1.0500,"close":1.15}'
    bar = only("market_candle", raw)
    assert bar == Bar(
        "SOL", (NOW_MS - 60_000) * 1000, NOW_MS * 1000, Decimal("1.10"), Decimal("1.20"), Decimal("1.0500"),
        Decimal("1.15"), Decimal(3),
    )  # fmt: skip
    assert str(bar.open) == "1.10"


def test_also_one_that_is_written_over_several_lines() -> None:
    assert only("market_candle", msgspec.json.format(msgspec.json.encode(CANDLE))).close == Decimal("1.15")


@pytest.mark.parametrize(
    ("changes", "quality"),
    [
        ({}, "ok"),
        ({"degraded": True}, "degraded"),
        ({"dataQuality": "degraded"}, "degraded"),
        ({"dataQuality": "bad"}, "bad"),
        ({"close": 1.3}, "bad"),
        ({"low": 1.12}, "bad"),
        ({"timestamp": NOW_MS + 2 * 86_400_000}, "bad"),
        ({"timestamp": NOW_MS - 9 * 86_400_000}, "ok"),
    ],
)
def test_how_far_a_bar_is_trusted(changes: dict[str, Any], quality: str) -> None:
    assert only("market_candle", {**CANDLE, **changes}).quality == quality


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        {**CANDLE, "low": -1},
        {**CANDLE, "low": "1.05"},
        {**CANDLE, "symbol": ""},
        {**CANDLE, "volume": None},
        {**CANDLE, "timestamp": "yesterday"},
    ],
)
def test_what_the_worker_refuses_is_nothing(data: Any) -> None:
    assert only("market_candle", data) is None


def test_a_bar_of_unknown_length_is_counted() -> None:
    found = read([entry("market_candle", {**CANDLE, "interval": "tick"}), entry("market_candle", CANDLE, 1)])
    assert (len(found.items), found.unread) == (1, 1)


def test_all_comes_in_the_order_of_the_tape() -> None:
    some = [
        entry("market_candle", CANDLE, 0),
        entry("signal_published", published(), 1),
        entry("market_candle", {**CANDLE, "low": 0}, 2),
        entry("market_candle", {**CANDLE, "symbol": "BTC"}, 3, v=b"1"),
        entry("order_command", {"command": "cancel", "orderId": "o", "by": "d", "via": "web"}, 4),
        entry("market_candle", {**CANDLE, "symbol": "ETH"}, 5),
    ]
    items = read(some).items
    assert [type(item) for item in items] == [Bar, Published, Bar, Commanded, Bar]
    assert [item.symbol for item in items if isinstance(item, Bar)] == ["SOL", "BTC", "ETH"]


def test_replayed_events_and_other_records_are_nothing() -> None:
    assert only("signal_published", published(), replay=b"s-1") is None
    assert only("market_candle", CANDLE, replay=b"s-1") is None
    for name, sample in SAMPLES.items():
        assert (only(name, sample()) is not None) == (name == "signal_published")
    assert read([Entry("tape:{0}", "1-0", None), entry("market_trade", {"symbol": "SOL"})]).items == []


def test_funding_is_that_which_will_be_due() -> None:
    given = {"symbol": "SOL", "rate": 0.0001, "nextFundingAt": NOW_MS}
    assert only("market_funding", given) == Funded("SOL", NOW_MS * 1000, Decimal("0.0001"))
    assert only("market_funding", {**given, "dataQuality": "bad"}).rate is None
    assert only("market_funding", {"symbol": "SOL", "rate": 0.0001}) is None


@pytest.mark.parametrize("due", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00", -1, 1e300])
def test_funding_that_is_due_at_no_time_is_nothing(due: Any) -> None:
    assert only("market_funding", {"symbol": "SOL", "rate": 0.0001, "nextFundingAt": due}) is None
