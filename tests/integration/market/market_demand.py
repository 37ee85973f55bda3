"""Which symbols are followed, and an exchange that is left alone for a while."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec

from market import operations
from market.feed import Timing
from signaltape import Settings
from tests.support.marketing import BTC, Record, Scene, scene
from tests.support.samples import published
from tests.support.waiting import eventually

HOUR_US = 3_600_000_000


async def publish(at: Scene, symbol: str) -> None:
    """As an engine does, valid for half an hour."""
    await at.add(
        "signal_published", msgspec.json.encode(published(symbol=symbol, ts_published=datetime.now(UTC)))
    )


async def status(at: Scene, holds: str) -> operations.Status:
    """As soon as a symbol is followed."""

    def found() -> operations.Status | None:
        said = operations.status(at.settings)
        return said if holds in str(said) else None

    said = await asyncio.to_thread(lambda: eventually(found))
    assert said is not None
    return said


def a_signal_makes_its_symbol_followed_as_it_is_spelled_and_for_an_hour_after(
    settings: Settings,
) -> None:
    async def go() -> None:
        async with scene(settings) as at, at.market(BTC):
            await at.seconds(1)
            await publish(at, "SOLUSDT")
            await publish(at, "SOL/USDT:USDT")
            for coins in at.trading.values():
                coins.add("SOL")
            await at.okx.followed("BTC", "SOL")
            for symbol in ("SOLUSDT", "SOL/USDT:USDT"):
                assert (await at.seconds(1, symbol=symbol))[0]["provider"] == "okx"
            assert await at.records("market_candle", symbol="SOL-USDT-SWAP") == []
            at.ahead_us = HOUR_US + HOUR_US // 2 - 60_000_000
            await at.until("health_snapshot", lambda found: len(found) > 1)
            at.ahead_us += 120_000_000
            topics = at.okx.wire.coins_of
            await at.okx.until(lambda: all(topics(one) == {"BTC"} for one in at.okx.clients))

    asyncio.run(go())


def what_cannot_be_followed_is_said_in_words(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at, at.market(BTC):
            for symbol in ("SOL-USDT", "DOGE-USDT-SWAP"):
                await publish(at, symbol)
            await at.seconds(2)
            found = await status(at, "DOGE-USDT-SWAP")
            assert found.refused["SOL-USDT"].endswith(
                "is a spot pair; the market follows perpetual swaps only"
            )
            (doge,) = [one for one in found.symbols if one.symbol == "DOGE-USDT-SWAP"]
            assert (doge.provider, doge.reasons) == (None, ["no provider has it"])

    asyncio.run(go())


def an_exchange_that_fails_five_times_is_left_alone_and_taken_back_by_a_probe(
    settings: Settings,
) -> None:
    async def go() -> None:
        async with scene(settings) as at, at.market(BTC, timing=Timing(open_us=2_000_000)):
            await at.seconds(2, provider="okx")
            at.okx.faults.no_connects = True
            at.okx.cut()

            def okx(found: list[Record]) -> str:
                return str(found[-1]["services"]["okx"])

            await at.until("health_snapshot", lambda found: "is left alone" in okx(found))
            open_now = operations.status(settings).providers[0]
            assert open_now.openings >= 1
            assert open_now.failures >= 5
            at.okx.faults.no_connects = False
            await at.until("health_snapshot", lambda found: "'OK'" in okx(found))
            assert operations.status(settings).providers[0].breaker == "closed"
            assert (await at.seconds(3, provider="bybit"))[-1]["degraded"]

    asyncio.run(go())
