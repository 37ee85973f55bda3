"""How long a provider wants to be left alone, whatever it says about it; and prices that walk the same way twice."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from market.exchanges.rest import _wait_s
from tests.exchanges.market import Candle
from tests.exchanges.okx import OkxWire
from tests.exchanges.server import LocalExchange
from tests.exchanges.walking import Walk

MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999", 3600),
        ("9" * 40, 5),
        ("-1", 5),
        ("", 5),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 5),
    ],
)
def test_a_retry_after_within_reason(said: str, seconds: float) -> None:
    assert _wait_s({"Retry-After": said}) == seconds


def test_without_one_it_is_five_seconds() -> None:
    assert _wait_s({}) == 5


def walked(seed: int) -> list[Candle]:
    exchange = LocalExchange(OkxWire())

    async def run() -> None:
        walk = Walk(exchange, "BTC", seed=seed)
        for number in range(181):
            await walk.step(number * 1000)

    asyncio.run(run())
    return exchange.market.newest_candles("BTC")


def test_prices_walk_the_same_way_for_the_same_seed() -> None:
    assert walked(1) == walked(1)
    assert walked(1) != walked(2)


def test_each_minute_of_a_walk_has_its_candle() -> None:
    candles = walked(1)
    assert [candle.begin_ms for candle in candles] == [2 * MINUTE_MS, MINUTE_MS, 0]
    for candle in candles:
        low, high = Decimal(candle.low), Decimal(candle.high)
        assert low <= Decimal(candle.open) <= high
        assert low <= Decimal(candle.close) <= high
        assert Decimal(candle.volume) == 30
