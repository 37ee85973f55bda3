"""What an exchange says arrives, in its order and to the digit, whatever its language."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from market.exchanges.base import CandleRow, Funding, OpenInterest, Quote, Tick
from market.exchanges.errors import UnknownSymbol
from tests.exchanges.market import Candle
from tests.integration.market.following import STREAMING, Stream, following, loaded

AT_MS = 1_700_000_000_000
BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
each_provider = pytest.mark.parametrize("name", STREAMING)


@each_provider
def test_trades_and_books(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC", "ETH") as (exchange, stream):
            await exchange.trade("BTC", "43000.10", "0.5", AT_MS)
            await exchange.trade("ETH", "2300.01", "0.1", AT_MS + 1)
            await exchange.book("BTC", "43000.0", "43000.2", AT_MS)
            await stream.until(lambda: len(stream.told) == 3)
            ticks = [tick._replace(received_us=0, trade_id=None) for tick in stream.all(Tick)]
            assert sorted(ticks) == [
                Tick(BTC, Decimal("43000.10"), Decimal("0.5"), AT_MS * 1000, 0),
                Tick(ETH, Decimal("2300.01"), Decimal("0.1"), (AT_MS + 1) * 1000, 0),
            ]
            (quote,) = stream.all(Quote)
            assert quote[:4] == (BTC, Decimal("43000.0"), Decimal("43000.2"), AT_MS * 1000)

    asyncio.run(run())


@each_provider
def test_the_digits_of_a_price_are_those_that_were_sent(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.trade("BTC", "43000.1000000000000001")
            assert str((await stream.first(Tick)).price) == "43000.1000000000000001"

    asyncio.run(run())


@each_provider
def test_only_a_candle_that_has_ended_comes(name: str) -> None:
    async def run() -> None:
        async with following(name, "SOL") as (exchange, stream):
            begin = AT_MS // 60_000 * 60_000
            candle = Candle("SOL", begin, "100", "101.5", "99", "101", "1234", is_closed=False)
            await exchange.candle(candle)
            await exchange.candle(Candle("SOL", begin, "100", "102", "99", "101.5", "1300"))
            row = await stream.first(CandleRow)
            prices = tuple(map(Decimal, ("100", "102", "99", "101.5", "1300")))
            assert row[:8] == ("SOL-USDT-SWAP", begin * 1000, (begin + 60_000) * 1000, *prices)
            assert len(stream.told) == 1

    asyncio.run(run())


@each_provider
def test_funding(name: str) -> None:
    async def run() -> None:
        async with following(name, "XRP") as (exchange, stream):
            await exchange.funding("XRP", "-0.000212", AT_MS + 3_600_000, AT_MS)
            funding = await stream.first(Funding)
            settled_us = (AT_MS + 3_600_000) * 1000
            assert funding[:4] == ("XRP-USDT-SWAP", Decimal("-0.000212"), settled_us, AT_MS * 1000)

    asyncio.run(run())


@pytest.mark.parametrize("name", ["okx", "bybit"])
def test_open_interest_in_coins(name: str) -> None:
    async def run() -> None:
        async with following(name, "XRP") as (exchange, stream):
            await exchange.interest("XRP", "68744.761", AT_MS)
            interest = await stream.first(OpenInterest)
            assert interest[:4] == ("XRP-USDT-SWAP", Decimal("68744.761"), "XRP", AT_MS * 1000)

    asyncio.run(run())


@pytest.mark.parametrize("name", ["okx", "bybit"])
def test_what_has_a_state_says_it_at_once(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            await exchange.book("AVAX", "30.1", "30.2", AT_MS)
            stream = Stream(provider, ("AVAXUSDT",))
            assert (await stream.first(Quote)).bid == Decimal("30.1")
            stream.task.cancel()

    asyncio.run(run())


@each_provider
def test_more_and_fewer_symbols_on_the_same_connection(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            connects = len(exchange.connects)
            await stream.provider.follow(["BTC/USDT:USDT", "ETHUSDT"])
            await exchange.followed("BTC", "ETH")
            await exchange.trade("ETH", "2300")
            assert (await stream.first(Tick)).symbol == ETH
            await stream.provider.follow(["ETHUSDT"])
            await exchange.until(
                lambda: all(exchange.wire.coins_of(client) <= {"ETH"} for client in exchange.clients)
            )
            await exchange.trade("BTC", "43000")
            await exchange.trade("ETH", "2301")
            await stream.until(lambda: len(stream.all(Tick)) == 2)
            assert {tick.symbol for tick in stream.all(Tick)} == {ETH}
            assert len(exchange.connects) == connects

    asyncio.run(run())


@each_provider
def test_an_unknown_symbol_is_refused_before_anything_is_opened(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            with pytest.raises(UnknownSymbol, match=f"{name} has no perpetual swap DOGE-USDT-SWAP"):
                await provider.stream(["BTCUSDT", "DOGEUSDT"], lambda message: None)
            assert exchange.connects == []

    asyncio.run(run())


@each_provider
def test_following_an_unknown_symbol_changes_nothing(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            with pytest.raises(UnknownSymbol):
                await stream.provider.follow(["ETHUSDT", "DOGEUSDT"])
            await exchange.trade("BTC", "43000")
            assert (await stream.first(Tick)).symbol == BTC

    asyncio.run(run())


@each_provider
def test_the_instruments_are_the_swaps_that_trade(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            assert len(provider.names) == len(exchange.market.coins)
            for spelling in ("SOL-USDT-SWAP", "SOL/USDT:USDT", "SOLUSDT"):
                assert provider.names.ours(provider.names.theirs(spelling)) == "SOL-USDT-SWAP"

    asyncio.run(run())


@each_provider
def test_a_cancelled_stream_hangs_up(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            stream.task.cancel()
            await exchange.until(lambda: not exchange.clients)

    asyncio.run(run())
