"""What exchanges say wrongly comes on the tape as bad, with reasons."""

from __future__ import annotations

import asyncio
import time

from signaltape import Settings
from tests.exchanges.server import LocalExchange
from tests.support.marketing import BTC, of_one_exchange, scene


def a_negative_open_interest_and_a_funding_rate_that_is_no_number(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at:
            await at.okx.funding("BTC", "NaN")
            await at.okx.interest("BTC", "-5.5")
            async with at.market(BTC):
                (funding,) = await at.until("market_funding", bool)
                (interest,) = await at.until("market_open_interest", bool)
            assert (funding["dataQuality"], funding["degraded"], funding.get("rate")) == ("bad", True, None)
            assert funding["reasons"] == ["funding rate NaN is no number"]
            assert (interest["dataQuality"], str(interest["value"])) == ("bad", "-5.5")
            assert interest["reasons"] == ["open interest -5.5 is below 0"]

    asyncio.run(go())


def a_crossed_book_is_bad_and_another_exchange_is_preferred_then(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at:
            at.crossed.add("okx")
            async with at.market(BTC):
                bad = await at.seconds(3, provider="okx")
                good = (await at.seconds(2, provider="bybit"))[-1]
            assert {bar["dataQuality"] for bar in bad} == {"bad"}
            assert bad[0]["reasons"][0].startswith("crossed book: bid 43000.")
            assert good["dataQuality"] == "degraded"
            assert good["reasons"][0].startswith("okx was bad (crossed book")

    asyncio.run(go())


def what_comes_twice_out_of_order_or_late_makes_no_bar_wrong(settings: Settings) -> None:
    async def odd(exchange: LocalExchange) -> None:
        """Trades in the wrong order, one of them twice, and some of a minute ago."""
        for number in range(40):
            now_ms = time.time_ns() // 1_000_000
            await exchange.trade("BTC", "43000.3", "2", at_ms=now_ms, trade_id=f"9{number}")
            await exchange.trade("BTC", "43000.1", "1", at_ms=now_ms - 20, trade_id=f"8{number}")
            await exchange.trade("BTC", "43000.3", "2", at_ms=now_ms, trade_id=f"9{number}")
            if number % 20 == 10:  # with more of them the exchange is slow
                await exchange.trade("BTC", "1.0", "1", at_ms=now_ms - 60_000, trade_id=f"7{number}")
            await asyncio.sleep(0.1)  # over four seconds

    async def go() -> None:
        async with scene(settings) as at, at.market(BTC):
            at.trading["okx"].clear()
            await at.okx.followed("BTC")
            await odd(at.okx)
            bars = await at.seconds(3, provider="okx")
            assert all(of_one_exchange(bar) for bar in bars)
            assert sum(bar["volume"] for bar in bars) <= 40 * 3

    asyncio.run(go())


def news_that_is_late_makes_an_exchange_slow(settings: Settings) -> None:
    async def late(exchange: LocalExchange) -> None:
        for _ in range(600):
            await exchange.trade("BTC", "43000.1", at_ms=time.time_ns() // 1_000_000 - 1_500)
            await asyncio.sleep(0.05)  # as often as the others trade

    async def go() -> None:
        async with scene(settings) as at, at.market(BTC):
            at.trading["okx"].clear()
            await at.okx.followed("BTC")
            trading = asyncio.create_task(late(at.okx))
            (moved,) = await at.until("state_event", bool, toState="bybit")
            trading.cancel()
            assert moved["reason"].startswith("okx is slow (p95 ")

    asyncio.run(go())
