"""What a provider is asked over HTTP: candles of a gap above all."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import pytest

from market.exchanges.base import CandleRow, Exchange
from market.exchanges.errors import RateLimited, RequestFailed, RequestRefused, UnknownSymbol
from market.exchanges.patience import Patience
from tests.exchanges.market import MINUTE_MS, Candle
from tests.exchanges.server import LocalExchange
from tests.integration.market.following import STREAMING, WIRES, loaded, provider_at

AT_MS = 1_700_000_000_000 // MINUTE_MS * MINUTE_MS
each_provider = pytest.mark.parametrize("name", WIRES)
each_streaming = pytest.mark.parametrize("name", STREAMING)


def us(minutes: int) -> int:
    return (AT_MS + minutes * MINUTE_MS) * 1000


def begins(rows: list[CandleRow]) -> list[int]:
    return [(row.begin_us // 1000 - AT_MS) // MINUTE_MS for row in rows]


@each_provider
def test_questions_asked_at_once_lie_apart(name: str) -> None:
    async def run() -> None:
        async with loaded(name, Patience(ask_s=0.03, pace_s=0.0)) as (exchange, provider):
            began_s, asked = time.monotonic(), len(exchange.asked)
            await asyncio.gather(*(provider.load() for _ in range(5)))
            questions = len(exchange.asked) - asked
            assert questions >= 5
            assert time.monotonic() - began_s >= (questions - 1) * 0.03 - 0.01

    asyncio.run(run())


@each_provider
def test_the_candles_of_an_hour_oldest_first(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.history("BTC", AT_MS - 10 * MINUTE_MS, 80, "43000.10")
            rows = await provider.candles("BTC/USDT:USDT", us(0), us(60))
            assert begins(rows) == list(range(60))
            first, price = rows[0], Decimal("43000.10")
            assert first[:8] == ("BTC-USDT-SWAP", us(0), us(1), price, price, price, price, Decimal(10))
            assert str(first.close) == "43000.10"

    asyncio.run(run())


@each_provider
@pytest.mark.parametrize("minutes", [1, 299, 300, 301, 1000, 1001, 2501])
def test_a_gap_of_any_length_in_pages(name: str, minutes: int) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.history("BTC", AT_MS - 5 * MINUTE_MS, minutes + 10)
            assert begins(await provider.candles("BTCUSDT", us(0), us(minutes))) == list(range(minutes))

    asyncio.run(run())


@each_provider
def test_minutes_that_there_are_not_and_a_span_without_any(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.history("BTC", AT_MS, 3)
            exchange.history("BTC", AT_MS + 7 * MINUTE_MS, 2)
            assert begins(await provider.candles("BTCUSDT", us(-20), us(30))) == [0, 1, 2, 7, 8]
            assert await provider.candles("BTCUSDT", us(3), us(7)) == []
            assert await provider.candles("ETHUSDT", us(0), us(10)) == []
            assert await provider.candles("BTCUSDT", us(5), us(5)) == []

    asyncio.run(run())


@each_provider
def test_a_span_that_does_not_begin_with_a_minute(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.history("BTC", AT_MS, 10)
            rows = await provider.candles("BTCUSDT", us(2) + 1, us(5) + 1)
            assert begins(rows) == [3, 4, 5]

    asyncio.run(run())


@each_provider
def test_the_candle_that_is_still_open_is_not_among_them(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            now_ms = time.time_ns() // 1_000_000
            minute = now_ms // MINUTE_MS * MINUTE_MS
            exchange.history("BTC", minute - 2 * MINUTE_MS, 2)
            exchange.market.take(Candle("BTC", minute, "1", "1", "1", "1", "1", is_closed=False))
            exchange.market.take(Candle("BTC", minute + MINUTE_MS, "1", "1", "1", "1", "1", is_closed=False))
            since, until = (minute - 2 * MINUTE_MS) * 1000, (minute + 9 * MINUTE_MS) * 1000
            rows = await provider.candles("BTCUSDT", since, until)
            assert [row.begin_us // 1000 for row in rows[:2]] == [minute - 2 * MINUTE_MS, minute - MINUTE_MS]
            assert all(row.end_us <= time.time_ns() // 1000 for row in rows)

    asyncio.run(run())


@each_provider
def test_the_best_prices_now(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            await exchange.book("SOL", "99.90", "100.1", int(time.time() * 1000))
            quote = await provider.quote("SOLUSDT")
            assert (quote.symbol, str(quote.bid), str(quote.ask)) == ("SOL-USDT-SWAP", "99.90", "100.1")
            await exchange.book("SOL", "", "100.1", int(time.time() * 1000))
            assert (await provider.quote("SOLUSDT")).bid is None

    asyncio.run(run())


@each_streaming
def test_funding_and_open_interest(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            await exchange.funding("SOL", "-0.0005", AT_MS + 5, AT_MS)
            await exchange.interest("SOL", "123.45", AT_MS)
            funding = await provider.funding("SOLUSDT")
            assert funding[:3] == ("SOL-USDT-SWAP", Decimal("-0.0005"), (AT_MS + 5) * 1000)
            interest = await provider.open_interest("SOLUSDT")
            assert interest[:3] == ("SOL-USDT-SWAP", Decimal("123.45"), "SOL")
            await exchange.funding("SOL", "NaN", AT_MS + 5, AT_MS)
            await exchange.interest("SOL", "-1", AT_MS)
            assert (await provider.funding("SOLUSDT")).rate.is_nan()
            assert (await provider.open_interest("SOLUSDT")).value == -1

    asyncio.run(run())


async def ask(provider: Exchange) -> list[CandleRow]:
    return await provider.candles("BTCUSDT", us(0), us(5))


@each_provider
def test_a_streak_of_5xx_and_its_end(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.history("BTC", AT_MS, 5)
            exchange.faults.broken_answers = 3
            for _ in range(3):
                with pytest.raises(RequestFailed, match=f"{name} answered /.* with status 503") as failure:
                    await ask(provider)
                assert not isinstance(failure.value, RateLimited | RequestRefused)
            assert len(await ask(provider)) == 5

    asyncio.run(run())


@each_provider
def test_an_answer_that_is_none(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.faults.odd_answers = 1
            with pytest.raises(RequestFailed, match=f"{name} sent no answer but b'<html>maintenance"):
                await ask(provider)

    asyncio.run(run())


@each_provider
def test_an_answer_that_does_not_come(name: str) -> None:
    async def run() -> None:
        async with (
            LocalExchange(WIRES[name]()).running() as exchange,
            provider_at(name, exchange, Patience(request_s=0.2)) as provider,
        ):
            exchange.faults.hanging_answers = -1
            with pytest.raises(RequestFailed, match=f"{name} did not answer /.* in 0.2 s"):
                await provider.load()

    asyncio.run(run())


@each_provider
def test_an_answer_without_an_end(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            monkeypatch.setattr("market.exchanges.rest.MOST_BYTES", 200_000)
            exchange.faults.endless_answers = 1
            with pytest.raises(RequestFailed, match=f"{name} sent more than 200000 bytes"):
                await ask(provider)

    asyncio.run(run())


@each_provider
def test_nobody_is_sent_elsewhere_with_what_was_asked(name: str) -> None:
    async def run() -> None:
        async with (
            LocalExchange(WIRES[name]()).running() as elsewhere,
            loaded(name) as (exchange, provider),
        ):
            exchange.faults.redirecting_to = f"{elsewhere.rest}/v1/symbols"
            with pytest.raises(RequestFailed):
                await ask(provider)
            assert elsewhere.asked == []

    asyncio.run(run())


@each_provider
def test_being_told_to_wait_is_no_failure_of_the_provider(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.faults.too_often = 1
            with pytest.raises(RateLimited) as told:
                await ask(provider)
            assert told.value.wait_s > 0

    asyncio.run(run())


@each_provider
def test_a_provider_that_is_gone(name: str) -> None:
    async def run() -> None:
        exchange = LocalExchange(WIRES[name]())
        async with exchange.running():
            pass
        async with provider_at(name, exchange) as provider:
            with pytest.raises(RequestFailed, match=f"{name} gave no answer"):
                await provider.load()

    asyncio.run(run())


@each_provider
def test_a_symbol_that_it_does_not_know_is_not_asked_for(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.asked.clear()
            with pytest.raises(UnknownSymbol, match=f"{name} has no perpetual swap DOGE-USDT-SWAP"):
                await provider.candles("DOGEUSDT", us(0), us(1))
            assert exchange.asked == []

    asyncio.run(run())


@each_provider
def test_one_that_it_does_not_know_any_more_is_refused_in_its_words(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.market.coins = ("ETH",)
            with pytest.raises(RequestRefused) as refusal:
                await ask(provider)
            assert name in str(refusal.value)

    asyncio.run(run())


@each_provider
@pytest.mark.parametrize("price", ["-1", "0", "1e99"])
def test_candles_with_prices_that_are_none_are_no_answer(name: str, price: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.market.take(Candle("BTC", AT_MS, "1", price, "1", "1", "1"))
            with pytest.raises(RequestFailed, match="sent what is no answer"):
                await ask(provider)

    asyncio.run(run())


@each_provider
def test_more_than_can_be_meant_is_refused(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.asked.clear()
            with pytest.raises(RequestRefused, match=f"{name}: more than 30000 candles asked for at once"):
                await provider.candles("BTCUSDT", us(0), us(30_001))
            assert exchange.asked == []

    asyncio.run(run())
