"""What judges the kill run of ghosts and their market finds each fault that it looks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.chaos.candles_told import Candle, faults, read_candles
from tests.chaos.unsettled import Unsettled, settled_after_all

START = datetime(2026, 1, 17, 2, 0, tzinfo=UTC)
DIGITS = {"okx": "1", "bybit": "3"}
SOL = "SOL-USDT-SWAP"


def candle(
    end_s: int, interval: str = "1s", low: str = "100.01", high: str = "100.11", **more: Any
) -> Candle:
    fields = {
        "id": f"{interval}{end_s}",
        "symbol": SOL,
        "interval": interval,
        "timestamp": START + timedelta(seconds=end_s),
        "provider": "okx",
        "open": low,
        "low": low,
        "high": high,
        "close": high,
    }
    return msgspec.convert(fields | more, Candle, strict=False)


def tape() -> list[Candle]:
    """Followed from the third second of a minute on; the second minute has a gap, and its candle all the same."""
    minutes = [candle(60 * number, "1m", reasons=["gap of 58.0 s"]) for number in (1, 2, 3)]
    return [candle(3), candle(60), minutes[0], candle(61), candle(121), minutes[1], candle(180), minutes[2]]


def found(told: Sequence[Candle], until_s: int = 180) -> list[str]:
    return [*faults(told, DIGITS, START + timedelta(seconds=until_s))]


def test_nothing_is_said_of_a_tape_that_is_right() -> None:
    assert found(tape()) == []
    assert found([*tape(), candle(200, symbol="BTC-USDT-SWAP")]) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (candle(181, close="100.13"), "of two providers"),
        (candle(181, provider="bybit"), "of two providers"),
        (candle(121), "time goes back"),
        (candle(180, provider="bybit", low="100.03", high="100.13"), "time goes back"),
        (candle(120, "1m"), "time goes back"),
        (candle(179), "behind its minute"),
    ],
)
def test_a_candle_that_should_not_stand_there_is_found(wrong: Candle, said: str) -> None:
    assert any(one.startswith(said) for one in found([*tape(), wrong]))


def test_a_minute_that_is_missing_is_found() -> None:
    without = [one for one in tape() if one.id != "1m120"]
    assert found(without) == [f"no candle of {SOL} ends at {START + timedelta(minutes=2)}"]
    assert found(tape(), until_s=240) == [f"no candle of {SOL} ends at {START + timedelta(minutes=4)}"]


def test_a_minute_that_says_less_than_it_lacks_is_found() -> None:
    told = [*tape()[:-1], candle(180, "1m", reasons=["gap of 54.0 s"])]
    assert found(told) == [f"{SOL} 1m 02:03:00 of okx does not say that 4 s of it are not there"]


def test_the_same_twice_is_counted_and_another_content_is_wrong() -> None:
    one = msgspec.json.encode(candle(1))
    other = msgspec.json.encode(candle(1, high="100.21"))
    assert read_candles([one, one]) == ([candle(1)], 1, [])
    told, again, wrong = read_candles([one, other])
    assert (told, again) == ([candle(1)], 0)
    assert wrong[0].startswith("told with two contents")


def order(**more: Any) -> Unsettled:
    """A long at 100, stop 99, target 102, published at 2 s, for a minute."""
    life = (START + timedelta(seconds=2), START + timedelta(seconds=62), None)
    prices = (Decimal(100), Decimal(99), Decimal(102))
    return Unsettled("1", SOL, "long", *life, *prices)._replace(**more)


OPEN = {"changed_at": START + timedelta(seconds=5)}
SHORT = {"side": "short", "stop": Decimal(101), "target": Decimal(98)}


@pytest.mark.parametrize(
    ("more", "one"),
    [
        ({}, candle(4, low="99.91")),
        ({}, candle(63)),
        (OPEN, candle(6, low="99")),
        (OPEN, candle(6, high="102.01")),
        (SHORT, candle(4, high="100.01")),
        (SHORT | OPEN, candle(6, high="101")),
        (SHORT | OPEN, candle(6, low="97.91")),
    ],
)
def test_an_order_that_a_candle_settles_is_found(more: dict[str, Any], one: Candle) -> None:
    assert len([*settled_after_all([order(**more)], [one])]) == 1


@pytest.mark.parametrize(
    ("more", "one"),
    [
        ({}, candle(2, low="99.91")),
        ({}, candle(4, low="100")),
        ({}, candle(4, low="99.91", dataQuality="bad")),
        ({}, candle(4, low="99.91", symbol="BTC-USDT-SWAP")),
        (OPEN, candle(5, low="98.91")),
        (OPEN, candle(6, low="99.01", high="102")),
        (SHORT | OPEN, candle(6, low="98", high="100.91")),
    ],
)
def test_an_order_that_none_settles_is_left_alone(more: dict[str, Any], one: Candle) -> None:
    assert [*settled_after_all([order(**more)], [one])] == []
