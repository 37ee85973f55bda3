"""One provider kept going, whatever it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest

from market.exchanges.base import Message
from market.exchanges.errors import (
    RateLimited,
    RequestFailed,
    RequestRefused,
    StreamEnded,
    StreamFailed,
    UnknownSymbol,
)
from market.feed import USUAL, Feed, Timing
from tests.unit.market.scripted import Script, ending, failing, mute, speak
from tests.unit.market.world import OKX, SOL

BTC = "BTC-USDT-SWAP"


class Kept:
    """A feed that runs, and what it handed on."""

    running: asyncio.Task[None]

    def __init__(self, script: Script, timing: Timing = USUAL) -> None:
        self.script, self.now_us = script, 0
        self.taken: list[Message] = []
        self.begun = 0
        self.changed = asyncio.Event()
        self.feed = Feed(OKX, script.make, self._take, self._begin, lambda: self.now_us, timing)

    def _take(self, _: str, message: Message) -> None:
        self.taken.append(message)
        self.changed.set()

    def _begin(self, _: str) -> None:
        self.begun += 1
        self.changed.set()

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                self.changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.02)


@asynccontextmanager
async def kept(script: Script, timing: Timing = USUAL, *symbols: str) -> AsyncIterator[Kept]:
    made = Kept(script, timing)
    made.feed.want(symbols or (SOL,))
    made.running = asyncio.create_task(made.feed.run())
    try:
        yield made
    finally:
        made.running.cancel()
        with suppress(asyncio.CancelledError):
            await made.running


def test_it_connects_again_after_whatever_ended_a_stream() -> None:
    async def go() -> None:
        script = Script(
            ending(StreamEnded("bye")), ending(StreamFailed("cut")), failing(ValueError("a defect")), speak
        )
        async with kept(script) as at:
            await at.until(lambda: at.feed.connected and script.streams == 4)
            assert at.begun == 3
            assert at.feed.reputation.failures == 2
            assert len(script.made) == 1
            assert at.feed.line().trouble == ""

    asyncio.run(go())


def test_why_it_is_not_connected_is_said() -> None:
    async def go() -> None:
        script = Script(failing(StreamFailed("OKX refused: 503")))
        async with kept(script) as at:
            await at.until(lambda: at.begun)
            assert at.feed.line().trouble == "is not connected: OKX refused: 503"

    asyncio.run(go())


def test_after_five_failures_it_is_left_alone_until_its_time() -> None:
    async def go() -> None:
        script = Script(*(failing(StreamFailed("503")) for _ in range(5)), speak)
        async with kept(script, Timing(open_us=200_000)) as at:
            await at.until(lambda: at.feed.reputation.is_left_alone)
            assert at.feed.line().trouble == "is left alone: 503"
            with pytest.raises(RequestFailed, match="is left alone"):
                await at.feed.ask(lambda exchange: exchange.candles(SOL, 0, 1))
            assert script.streams == 5
            at.now_us += 300_000
            await at.until(lambda: at.feed.connected)
            assert not at.feed.reputation.is_left_alone

    asyncio.run(go())


def test_answers_count_and_refusals_are_answers() -> None:
    async def go() -> None:
        script = Script(speak)
        async with kept(script) as at:
            await at.until(lambda: at.feed.connected)
            at.feed._exchange.script.answers += [  # type: ignore[attr-defined]
                *(RequestFailed("503") for _ in range(4)),
                RequestRefused("51001"),
                *(RequestFailed("503") for _ in range(4)),
                UnknownSymbol("?"),
            ]
            for _ in range(10):
                with suppress(RequestFailed, UnknownSymbol):
                    await at.feed.ask(lambda exchange: exchange.candles(SOL, 0, 1))
            assert not at.feed.reputation.is_left_alone
            at.feed._exchange.script.answers += [RequestFailed("503")]  # type: ignore[attr-defined]
            with suppress(RequestFailed):
                await at.feed.ask(lambda exchange: exchange.candles(SOL, 0, 1))
            assert at.feed.reputation.is_left_alone

    asyncio.run(go())


def test_one_that_is_asked_too_often_is_given_the_rest_it_wants() -> None:
    async def go() -> None:
        script = Script(speak)
        script.answers.append(RateLimited("50011", 2.0))
        async with kept(script) as at:
            await at.until(lambda: at.feed.connected)
            for _ in range(2):
                with pytest.raises(RequestFailed):
                    await at.feed.ask(lambda exchange: exchange.candles(SOL, 0, 1))
            at.now_us += 2_000_000
            assert await at.feed.ask(lambda exchange: exchange.candles(SOL, 0, 1)) == []

    asyncio.run(go())


def test_other_symbols_need_no_new_connection_and_none_at_all_need_none() -> None:
    async def go() -> None:
        script = Script(speak)
        async with kept(script) as at:
            await at.until(lambda: at.feed.connected)
            at.feed.want([SOL, BTC, "DOGE-USDT-SWAP"])
            await at.until(lambda: len(script.made[0].followed) == 2)
            at.feed.want([])
            await at.until(lambda: not at.feed.connected)
            at.feed.want([BTC])
            await at.until(lambda: at.feed.connected)
            assert script.made[0].followed == [[SOL], [BTC, SOL], [BTC]]
            assert (script.streams, len(script.made)) == (2, 1)

    asyncio.run(go())


def test_a_new_connection_speaks_before_the_old_one_is_let_go() -> None:
    async def go() -> None:
        script = Script(speak)
        async with kept(script) as at:
            await at.until(lambda: at.feed.connected)
            at.now_us += 61_000_000
            at.feed.complain()
            await at.until(lambda: at.feed.renewals)
            assert at.begun == 0
            assert [one.closed for one in script.made] == [True, False]
            assert at.feed.connected

    asyncio.run(go())


def test_a_new_connection_that_cannot_be_had_leaves_the_old_one() -> None:
    async def go() -> None:
        script = Script(speak, failing(StreamFailed("503")), speak)
        async with kept(script) as at:
            await at.until(lambda: at.feed.connected)
            for _ in range(2):
                at.now_us += 61_000_000
                script.loads = [RequestFailed("503")] if len(script.made) == 1 else []
                made = len(script.made)
                at.feed.complain()
                await at.until(partial(_one_more_is_closed, script, made))
            assert (at.feed.renewals, at.feed.connected, at.begun) == (0, True, 0)
            assert [one.closed for one in script.made] == [False, True, True]

    asyncio.run(go())


def _one_more_is_closed(script: Script, made: int) -> bool:
    return len(script.made) > made and script.made[-1].closed


def test_a_provider_without_any_of_the_symbols_is_not_bothered() -> None:
    async def go() -> None:
        script = Script(mute)
        async with kept(script, USUAL, "DOGE-USDT-SWAP") as at:
            await at.until(lambda: at.feed.lists(SOL))
            assert at.feed.lists("DOGE-USDT-SWAP") is False
            assert script.streams == 0

    asyncio.run(go())
