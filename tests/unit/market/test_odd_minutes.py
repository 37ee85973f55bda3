"""A minute that is none, from whomever it comes, takes no other minute away."""

from __future__ import annotations

import pytest

from market.units import MINUTE_US
from tests.unit.market.world import BEGIN_US, OKX, World, at, row


@pytest.mark.parametrize("begin_s", [30.0, 61.0])
def test_a_candle_of_a_provider_that_is_no_minute_is_passed_over(begin_s: float) -> None:
    world = World(OKX)
    world.answering.clear()
    world.run(20.0)
    world.follower.take(OKX, row(0)._replace(begin_us=at(begin_s), end_us=at(begin_s) + MINUTE_US))
    world.run(130.0)
    world.answering.add(OKX)
    world.run(200.0)
    minutes = [one.begin_us for one in world.candles("1m")]
    assert minutes
    assert all((begin - BEGIN_US) % MINUTE_US == 0 for begin in minutes)


def test_what_an_engine_says_of_a_minute_moves_none() -> None:
    world = World(OKX, told_until_us=at(-10), minutes_us=at(-30))
    world.run(70.0)
    minutes = [one.begin_us for one in world.candles("1m")]
    assert minutes == [BEGIN_US - MINUTE_US, BEGIN_US]
