"""One exchange fails, the next one goes on; no bar is of two of them."""

from __future__ import annotations

import asyncio

from market.feed import Timing
from signaltape import Settings
from tests.support.marketing import BTC, Record, Scene, moment, of_one_exchange, scene


def begins(bars: list[Record]) -> list[int]:
    return [round(moment(bar["timestamp"])) - 1 for bar in bars]


def untold(bars: list[Record], traded: set[int]) -> set[int]:
    """Seconds between the first and the last bar in which there was a trade, and no bar."""
    told = begins(bars)
    assert told == sorted(set(told))
    return {second for second in traded if told[0] < second < told[-1]} - set(told)


async def moved(at: Scene, to: str) -> Record:
    return (await at.until("state_event", bool, eventType="market_provider", toState=to))[-1]


def another_exchange_goes_on_within_3_seconds(settings: Settings, fault: str) -> None:
    async def go() -> None:
        async with scene(settings) as at, at.market(BTC):
            await at.seconds(3, provider="okx")
            if fault == "cut":
                at.okx.faults.no_connects = True
                at.okx.cut()
            else:
                setattr(at.okx.faults, fault, True)
            switch = await moved(at, "bybit")
            await at.seconds(3, provider="bybit")
            bars = await at.records("market_candle", interval="1s")
            last = [bar for bar in bars if bar["provider"] == "okx"][-1]
            assert moment(switch["timestamp"]) - moment(last["receivedAt"]) <= 3.0 + at.stalled_s
            assert all(of_one_exchange(bar) for bar in bars)
            assert untold(bars, at.traded["bybit"]) == set()
            degraded = [bar for bar in bars if bar["provider"] == "bybit"]
            assert all(bar["degraded"] and bar["dataQuality"] == "degraded" for bar in degraded)
            assert all(bar["reasons"][0].startswith("okx is ") for bar in degraded)
            assert not any(bar["degraded"] for bar in bars if bar["provider"] == "okx")

    asyncio.run(go())


def a_bar_is_what_was_sent_to_the_last_digit(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at, at.market(BTC):
            bar = (await at.seconds(2))[-1]
            assert (str(bar["low"]), str(bar["high"])) == ("43000.1", "43000.3")
            assert {str(bar["bid"]), str(bar["ask"])} <= {"43000.1", "43000.15", "43000.3", "43000.35"}
            assert moment(bar["exchangeTs"]) < moment(bar["timestamp"]) <= moment(bar["exchangeTs"]) + 1

    asyncio.run(go())


def a_stream_that_is_silent_about_one_symbol_alone_is_noticed(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at, at.market(BTC, "SOL-USDT-SWAP"):
            for coins in at.trading.values():
                coins.add("SOL")
            await at.seconds(3, provider="okx", symbol="SOL-USDT-SWAP")
            at.trading["okx"].remove("SOL")
            await at.seconds(2, provider="bybit", symbol="SOL-USDT-SWAP")
            switch = await moved(at, "bybit")
            assert (switch["symbol"], switch["reason"]) == ("SOL-USDT-SWAP", "okx is silent")
            assert await at.records("market_candle", provider="bybit", symbol=BTC) == []

    asyncio.run(go())


def the_last_good_price_is_told_as_bad_while_nobody_trades(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at, at.market(BTC):
            await at.seconds(2, provider="okx")
            for exchange in at.exchanges.values():
                exchange.faults.no_connects = True
                exchange.cut()
            bars = await at.seconds(2, dataQuality="bad")
            assert all(bar["degraded"] and bar["volume"] == 0 for bar in bars)
            assert all(bar["reasons"][0].startswith("last good price of ") for bar in bars)

    asyncio.run(go())


def a_connection_is_renewed_without_a_second_missing_or_a_trade_twice(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at, at.market(BTC, timing=Timing(renew_s=3.0)):
            await at.okx.until(lambda: len(at.okx.connects) >= 2 * len(at.okx.wire.paths))
            bars = await at.seconds(8)
            assert {bar["provider"] for bar in bars} == {"okx"}
            assert untold(bars, at.traded["okx"]) == set()
            assert max(bar["volume"] for bar in bars) <= 11
            assert not any(bar["degraded"] for bar in bars)

    asyncio.run(go())
