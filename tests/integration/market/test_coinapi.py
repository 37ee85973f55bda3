"""CoinAPI is asked every few seconds; it has no trades, and its key is for it alone."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from market.exchanges.base import CandleRow, Quote
from market.exchanges.errors import RequestRefused, StreamFailed, UnknownSymbol
from market.exchanges.patience import Patience
from tests.exchanges.coinapi import CoinApiWire
from tests.exchanges.market import MINUTE_MS
from tests.exchanges.server import LocalExchange
from tests.integration.market.following import Stream, loaded, provider_at

AT_MS = 1_700_000_000_000 // MINUTE_MS * MINUTE_MS
OFTEN = Patience(poll_s=0.02)


def test_quotes_come_again_and_again() -> None:
    async def run() -> None:
        async with loaded("coinapi", OFTEN) as (exchange, provider):
            await exchange.book("BTC", "43000.10", "43000.2", AT_MS)
            stream = Stream(provider, ("BTCUSDT",))
            quote = await stream.first(Quote)
            assert quote[:4] == ("BTC-USDT-SWAP", Decimal("43000.10"), Decimal("43000.2"), AT_MS * 1000)
            await exchange.book("BTC", "43001", "43002", AT_MS + 1)
            await stream.until(lambda: stream.all(Quote)[-1].bid == 43001)
            assert not provider.has_trades
            stream.task.cancel()

    asyncio.run(run())


def test_the_candle_of_a_minute_that_has_ended() -> None:
    clock = [AT_MS * 1000 + 6_000_000]

    async def run() -> None:
        async with (
            LocalExchange(CoinApiWire()).running() as exchange,
            provider_at("coinapi", exchange, OFTEN, lambda: clock[0]) as provider,
        ):
            await provider.load()
            await exchange.book("BTC", "1", "2", AT_MS)
            exchange.history("BTC", AT_MS, 3, "43000.10")
            stream = Stream(provider, ("BTCUSDT",))
            await stream.first(Quote)
            clock[0] += 60_000_000
            row = await stream.first(CandleRow)
            assert (row.begin_us, str(row.close)) == (AT_MS * 1000, "43000.10")
            clock[0] += 60_000_000
            await stream.until(lambda: len(stream.all(CandleRow)) == 2)
            assert stream.all(CandleRow)[1].begin_us == (AT_MS + MINUTE_MS) * 1000
            stream.task.cancel()

    asyncio.run(run())


def test_the_key_goes_along_and_is_in_no_error() -> None:
    async def run() -> None:
        async with loaded("coinapi") as (exchange, provider):
            assert exchange.headers["X-CoinAPI-Key"] == "key-of-coinapi"
            exchange.market.coins = ()
            with pytest.raises(RequestRefused) as refusal:
                await provider.quote("BTCUSDT")
            assert "key-of-coinapi" not in f"{refusal.value!r} {provider!r} {vars(provider)!r}"

    asyncio.run(run())


def test_a_stream_of_it_fails_like_any_other() -> None:
    async def run() -> None:
        async with loaded("coinapi", OFTEN) as (exchange, provider):
            exchange.faults.broken_answers = -1
            with pytest.raises(StreamFailed, match="503"):
                await Stream(provider, ("BTCUSDT",)).end()

    asyncio.run(run())


def test_what_it_has_not_is_refused_in_words() -> None:
    async def run() -> None:
        async with loaded("coinapi") as (_, provider):
            for asked in (provider.funding, provider.open_interest):
                with pytest.raises(RequestRefused, match="coinapi is not asked for the"):
                    await asked("BTCUSDT")
            with pytest.raises(UnknownSymbol):
                await provider.stream(["DOGEUSDT"], lambda message: None)

    asyncio.run(run())


def test_other_symbols_from_now_on() -> None:
    async def run() -> None:
        async with loaded("coinapi", OFTEN) as (exchange, provider):
            await exchange.book("BTC", "1", "2", AT_MS)
            await exchange.book("ETH", "3", "4", AT_MS)
            stream = Stream(provider, ("BTCUSDT",))
            await stream.first(Quote)
            await provider.follow(["ETHUSDT"])
            await stream.until(lambda: stream.all(Quote)[-1].symbol == "ETH-USDT-SWAP")
            stream.task.cancel()

    asyncio.run(run())
