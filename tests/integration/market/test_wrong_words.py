"""What an exchange says wrongly: counted and passed over, or handed on as it was said; never the end of a process."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from market.exchanges.base import Funding, OpenInterest, Quote, Tick
from market.exchanges.errors import StreamFailed
from tests.integration.market.following import STREAMING, following

AT_MS = 1_700_000_000_000
each_provider = pytest.mark.parametrize("name", STREAMING)


@each_provider
@pytest.mark.parametrize(
    "frame",
    [
        "not JSON",
        "{",
        "[]",
        "null",
        "1",
        '"text"',
        "{}",
        '{"data": 1}',
        '{"topic": 5}',
        '{"e": []}',
        "[" * 5000,
    ],
)
def test_what_cannot_be_read_is_counted_and_the_stream_goes_on(name: str, frame: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.raw(frame)
            await exchange.trade("BTC", "43000")
            await stream.first(Tick)
            assert stream.provider.refused["frame"] >= 1

    asyncio.run(run())


@each_provider
def test_bytes_are_counted_and_the_stream_goes_on(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.raw(b"\x00\xff")
            await exchange.trade("BTC", "43000")
            await stream.first(Tick)
            assert stream.provider.refused["binary frame"] >= 1

    asyncio.run(run())


@each_provider
def test_a_frame_of_megabytes_ends_the_stream_and_nothing_else(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.raw("x" * (5 * 1024 * 1024))
            with pytest.raises(StreamFailed):
                await stream.end()
            assert stream.provider.refused["frame"] >= 1

    asyncio.run(run())


@each_provider
@pytest.mark.parametrize(
    "trade", [("0", "1"), ("-1", "1"), ("NaN", "1"), ("1e99", "1"), ("1", "0"), ("", "1")]
)
def test_a_trade_that_is_none_is_counted_and_passed_over(name: str, trade: tuple[str, str]) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.trade("BTC", *trade)
            await exchange.trade("BTC", "43000")
            assert (await stream.first(Tick)).price == 43000
            assert stream.provider.refused["frame"] == 1

    asyncio.run(run())


@each_provider
def test_duplicates_and_what_comes_late_are_handed_on_as_they_came(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            for number, at in (("7", AT_MS), ("7", AT_MS), ("5", AT_MS - 3_600_000)):
                await exchange.trade("BTC", "43000", at_ms=at, trade_id=number)
            await stream.until(lambda: len(stream.all(Tick)) == 3)
            told = [(tick.trade_id, tick.exchange_us // 1000) for tick in stream.all(Tick)]
            assert told == [("7", AT_MS), ("7", AT_MS), ("5", AT_MS - 3_600_000)]

    asyncio.run(run())


@each_provider
def test_a_crossed_and_an_empty_book_are_handed_on(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.book("BTC", "101", "100")
            await exchange.book("BTC", "", "100")
            await exchange.book("BTC", "", "")
            await stream.until(lambda: len(stream.all(Quote)) == 3)
            told = [(quote.bid, quote.ask) for quote in stream.all(Quote)]
            assert told == [(Decimal(101), Decimal(100)), (None, Decimal(100)), (None, None)]

    asyncio.run(run())


@each_provider
def test_a_funding_that_is_no_number_is_handed_on_as_none(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.funding("BTC", "NaN")
            assert (await stream.first(Funding)).rate.is_nan()

    asyncio.run(run())


@pytest.mark.parametrize("name", ["okx", "bybit"])
def test_a_negative_open_interest_is_handed_on(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.interest("BTC", "-5")
            assert (await stream.first(OpenInterest)).value == -5

    asyncio.run(run())
