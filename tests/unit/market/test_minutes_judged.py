"""What is to be thought of a minute: no more than of its seconds, and of what others say of the same minute."""

from __future__ import annotations

import pytest

from market.said import Candle
from market.sources import LineState
from tests.unit.market.world import BYBIT, OKX, World, quote, row


def first_minute(world: World) -> Candle:
    return world.candles("1m")[0]


@pytest.mark.parametrize("bad_until_s", [2.5, 70.0])
def test_a_minute_of_bad_seconds_is_bad(bad_until_s: float) -> None:
    world = World(OKX)
    world.lines[OKX] = LineState(skew_s=6.0)
    world.run(bad_until_s)
    world.lines[OKX] = LineState()
    world.run(75.0)
    minute = first_minute(world)
    assert (minute.provider, minute.verdict.data_quality) == (OKX, "bad")
    assert minute.verdict.reasons[0] == "seconds of it were bad: clock 6.0 s ahead"
    world.run(130.0)
    assert world.candles("1m")[-1].verdict.data_quality == ("ok" if bad_until_s < 60 else "bad")


def test_a_crossed_book_is_held_against_the_minute() -> None:
    world = World(OKX)
    world.run(20.0)
    world.follower.take(OKX, quote(20.0, "100.2", "100.1"))
    world.run(70.0)
    assert first_minute(world).verdict.data_quality == "bad"


def test_the_minute_of_another_provider_is_not_bad_for_that() -> None:
    world = World(OKX, BYBIT)
    world.lines[OKX] = LineState(skew_s=6.0)
    world.run(70.0)
    minute = first_minute(world)
    assert (minute.provider, minute.verdict.data_quality) == (BYBIT, "degraded")


def test_the_last_good_price_is_no_bad_second_of_a_minute() -> None:
    world = World(OKX)
    world.run(20.0)
    world.break_off(OKX)
    world.run(30.0)
    world.connect(OKX)
    world.run(80.0)
    minute = first_minute(world)
    assert minute.verdict.data_quality == "degraded"
    assert minute.verdict.reasons[0].startswith("gap of ")


@pytest.mark.parametrize(("others", "quality"), [(1, "degraded"), (2, "bad")])
def test_a_minute_that_others_tell_otherwise(others: int, quality: str) -> None:
    names = ["binance", "bybit"][:others]
    world = World(OKX, *names)
    world.run(59.0)
    for name in names:
        world.follower.take(name, row(0, "110"))
    world.run(70.0)
    minute = first_minute(world)
    assert (minute.provider, minute.verdict.data_quality) == (OKX, quality)
    assert "off 110" in minute.verdict.reasons[0]
