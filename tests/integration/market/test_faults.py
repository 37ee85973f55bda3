"""An exchange that misbehaves: every way of it ends a stream with words, or is counted and passed over."""

from __future__ import annotations

import asyncio

import pytest

from market.exchanges.base import Alive, Tick
from market.exchanges.errors import StreamEnded, StreamFailed
from market.exchanges.okx.dialects import OkxDialect
from market.exchanges.patience import Patience
from tests.exchanges.server import LocalExchange
from tests.integration.market.following import (
    CURIOUS,
    QUICK,
    STREAMING,
    WIRES,
    Stream,
    following,
    loaded,
    provider_at,
)

AT_MS = 1_700_000_000_000
each_provider = pytest.mark.parametrize("name", STREAMING)


@each_provider
@pytest.mark.parametrize("code", [1000, 1001])
def test_a_goodbye_ends_the_stream_in_order(name: str, code: int) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.close_all(code)
            with pytest.raises(StreamEnded, match=rf"{name} /.* closed \({code}\)"):
                await stream.end()

    asyncio.run(run())


@each_provider
@pytest.mark.parametrize("code", [1011, 4004])
def test_any_other_close_is_a_failure(name: str, code: int) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            await exchange.close_all(code)
            with pytest.raises(StreamFailed, match=rf"closed \({code}\)"):
                await stream.end()

    asyncio.run(run())


def test_the_notice_of_okx_ends_the_stream_before_it_is_closed() -> None:
    async def run() -> None:
        async with following("okx", "BTC") as (exchange, stream):
            await exchange.goodbye()
            with pytest.raises(StreamEnded, match="service upgrade"):
                await stream.end()
            await exchange.until(lambda: not exchange.clients)

    asyncio.run(run())


@each_provider
def test_a_connection_that_breaks(name: str) -> None:
    async def run() -> None:
        async with following(name, "BTC") as (exchange, stream):
            exchange.cut()
            with pytest.raises(StreamFailed):
                await stream.end()

    asyncio.run(run())


@each_provider
def test_one_that_does_not_answer_any_more(name: str) -> None:
    async def run() -> None:
        async with loaded(name, QUICK) as (exchange, provider):
            exchange.faults.silent = True
            with pytest.raises(StreamFailed, match="fell silent, and did not answer"):
                await Stream(provider, ("BTCUSDT",)).end()

    asyncio.run(run())


@each_provider
def test_one_that_answers_and_brings_nothing_is_alive(name: str) -> None:
    """That no symbol of it moves is for the watchdog of the symbol."""

    async def run() -> None:
        async with following(name, "BTC", patience=CURIOUS) as (exchange, stream):
            exchange.faults.deaf = True
            await exchange.trade("BTC", "43000")
            seen = len(stream.all(Alive))
            await stream.until(lambda: len(stream.all(Alive)) > seen + 5)
            assert stream.told == []
            assert not stream.task.done()

    asyncio.run(run())


@pytest.mark.parametrize("name", ["okx", "bybit"])
def test_questions_keep_a_quiet_connection_open(name: str) -> None:
    """OKX closes after 30 s without a word; here after less."""

    async def run() -> None:
        async with following(name, "BTC", patience=CURIOUS, idle_s=1.0) as (exchange, stream):
            for _ in range(5):
                exchange.heard.clear()
                await exchange.until(lambda: any("ping" in text for text in exchange.heard))
            assert not stream.task.done()
            assert len(exchange.connects) == len(exchange.wire.paths)

    asyncio.run(run())


@each_provider
def test_one_that_lets_nobody_in(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.faults.no_connects = True
            with pytest.raises(StreamFailed, match="could not be opened"):
                await Stream(provider, ("BTCUSDT",)).end()

    asyncio.run(run())


@each_provider
def test_one_that_lets_in_too_late(name: str) -> None:
    async def run() -> None:
        async with loaded(name, Patience(connect_s=0.1, pace_s=0.0)) as (exchange, provider):
            exchange.faults.connecting_s = 5.0
            with pytest.raises(StreamFailed, match=r"could not be opened: nothing in 0\.1 s"):
                await Stream(provider, ("BTCUSDT",)).end()

    asyncio.run(run())


@each_provider
def test_one_that_is_not_there(name: str) -> None:
    async def run() -> None:
        exchange = LocalExchange(WIRES[name]())
        async with exchange.running():
            pass  # it had a port, and is gone
        async with provider_at(name, exchange) as provider:
            with pytest.raises(StreamFailed, match="could not be opened"):
                await provider.stream([], lambda message: None)

    asyncio.run(run())


@each_provider
def test_one_that_lets_in_and_closes_at_once(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.faults.closing = 1001
            for _ in range(3):
                with pytest.raises((StreamEnded, StreamFailed)):
                    await Stream(provider, ("BTCUSDT",)).end()
            assert len(exchange.connects) <= 3 * len(exchange.wire.paths)

    asyncio.run(run())


@each_provider
def test_a_refused_subscription_is_counted(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):
            exchange.faults.unsubscribable = True
            stream = Stream(provider, ("BTCUSDT",))
            await exchange.until(lambda: len(exchange.heard) >= len(exchange.wire.paths))
            exchange.faults.unsubscribable = False
            await provider.follow(["BTCUSDT", "ETHUSDT"])
            await exchange.until(
                lambda: all("ETH" in exchange.wire.coins_of(one) for one in exchange.clients)
            )
            await exchange.trade("ETH", "2300")
            await stream.first(Tick)
            assert provider.refused["frame"] >= 1
            stream.task.cancel()

    asyncio.run(run())


@each_provider
def test_a_connection_is_renewed_after_its_time(name: str) -> None:
    async def run() -> None:
        async with loaded(name, Patience(life_s=0.2, pace_s=0.0)) as (_, provider):
            with pytest.raises(StreamEnded, match="renewed after"):
                await Stream(provider, ("BTCUSDT",)).end()

    asyncio.run(run())


def test_a_connection_is_renewed_before_it_has_asked_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(OkxDialect, "most_requests", 2)
        async with following("okx", "BTC") as (_, stream):
            await stream.provider.follow(["ETHUSDT"])
            with pytest.raises(StreamEnded, match="renewed after 2 requests"):
                await stream.provider.follow(["SOLUSDT"])
                await stream.end()

    asyncio.run(run())


@each_provider
def test_what_the_taker_raises_ends_the_stream(name: str) -> None:
    async def run() -> None:
        async with loaded(name) as (exchange, provider):

            def refuse(message: object) -> None:
                if isinstance(message, Tick):
                    raise LookupError("no more")

            task = asyncio.ensure_future(provider.stream(["BTCUSDT"], refuse))
            await exchange.followed("BTC")
            await exchange.trade("BTC", "43000")
            with pytest.raises(LookupError, match="no more"):
                await task

    asyncio.run(run())
