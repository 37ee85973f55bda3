"""A provider in memory that does what a test tells it, life after life of its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal

from market.exchanges.base import CandleRow, Funding, OpenInterest, Quote, Sink, Tick
from market.exchanges.errors import RequestRefused
from market.exchanges.naming import Names, pair_of
from tests.unit.market.world import OKX, SOL

Life = Callable[["Scripted", Sink], Awaitable[None]]


class Script:
    """Shared by all Exchanges of one provider. lives: what each stream does; the last one for all that follow."""

    def __init__(self, *lives: Life) -> None:
        self.lives = list(lives)
        self.made: list[Scripted] = []
        self.loads: list[BaseException | None] = []
        self.answers: list[BaseException | None] = []
        self.streams = 0

    def make(self) -> Scripted:
        self.made.append(Scripted(self))
        return self.made[-1]


class Scripted:
    name = OKX
    has_trades = True

    def __init__(self, script: Script) -> None:
        self.names = Names(OKX)
        self.refused: dict[str, int] = {}
        self.script = script
        self.followed: list[list[str]] = []
        self.closed = False

    async def load(self) -> None:
        error = self.script.loads.pop(0) if self.script.loads else None
        if error is not None:
            raise error
        self.names.fill([(pair_of(SOL), SOL), (pair_of("BTCUSDT"), "BTC-USDT-SWAP")])

    async def stream(self, symbols: Iterable[str], sink: Sink) -> None:
        self.followed.append(list(symbols))
        number = min(self.script.streams, len(self.script.lives) - 1)
        self.script.streams += 1
        await self.script.lives[number](self, sink)

    async def follow(self, symbols: Iterable[str]) -> None:
        self.followed.append(list(symbols))

    async def candles(self, symbol: str, since_us: int, until_us: int) -> list[CandleRow]:
        error = self.script.answers.pop(0) if self.script.answers else None
        if error is not None:
            raise error
        return []

    async def quote(self, symbol: str) -> Quote:
        raise RequestRefused("none")

    async def funding(self, symbol: str) -> Funding:
        raise RequestRefused("none")

    async def open_interest(self, symbol: str) -> OpenInterest:
        raise RequestRefused("none")

    async def close(self) -> None:
        self.closed = True


def a_trade(at_us: int = 0) -> Tick:
    return Tick(SOL, Decimal(100), Decimal(1), at_us, at_us)


async def speak(_: Scripted, sink: Sink) -> None:
    """One trade, and no end."""
    sink(a_trade())
    await asyncio.Event().wait()


async def mute(_: Scripted, sink: Sink) -> None:
    """Connected, without a word."""
    await asyncio.Event().wait()


def ending(error: BaseException) -> Life:
    async def life(_: Scripted, sink: Sink) -> None:
        sink(a_trade())
        raise error

    return life


def failing(error: BaseException) -> Life:
    async def life(_: Scripted, sink: Sink) -> None:
        raise error

    return life
