"""A provider's adapter at a local exchange, and what its stream brings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from market.exchanges.base import Alive, Exchange, Message
from market.exchanges.endpoints import Endpoints
from market.exchanges.patience import Patience
from market.exchanges.provider import Surroundings
from market.exchanges.providers import make, open_session
from signaltape import Secret
from signaltape.notices import Notices
from tests.exchanges.binance import BinanceWire
from tests.exchanges.bybit import BybitWire
from tests.exchanges.coinapi import CoinApiWire
from tests.exchanges.okx import OkxWire
from tests.exchanges.server import LocalExchange
from tests.exchanges.wire import Wire

Kind = TypeVar("Kind", bound=Message)
WIRES: dict[str, Callable[[], Wire]] = {
    "okx": OkxWire,
    "bybit": BybitWire,
    "binance": BinanceWire,
    "coinapi": CoinApiWire,
}
STREAMING = ("okx", "bybit", "binance")
#: Long enough that nothing of a test's own slowness looks like a fault.
PATIENT = Patience(silence_s=30.0, pace_s=0.0, ask_s=0.0, connect_s=15.0, request_s=15.0)
#: Asks soon, and waits long for an answer: for tests in which there is one.
CURIOUS = Patience(silence_s=0.1, answer_s=15.0, pace_s=0.0, connect_s=15.0)
#: For tests in which there is none.
QUICK = Patience(silence_s=0.1, answer_s=0.2, pace_s=0.0, connect_s=15.0)
_LONGEST_WAIT_S = 20.0


def endpoints_at(exchange: LocalExchange) -> Endpoints:
    """All of them there: only one is asked."""
    return Endpoints(
        okx_ws=exchange.ws,
        okx_rest=exchange.rest,
        bybit_ws=exchange.ws,
        bybit_rest=exchange.rest,
        binance_ws=exchange.ws,
        binance_rest=exchange.rest,
        coinapi_rest=exchange.rest,
        coinapi_key=Secret("key-of-coinapi"),
    )


@asynccontextmanager
async def provider_at(
    name: str, exchange: LocalExchange, patience: Patience = PATIENT, now_us: Callable[[], int] | None = None
) -> AsyncIterator[Exchange]:
    """An adapter that has not asked for anything yet."""
    async with open_session() as session:
        surroundings = Surroundings(
            session=session,
            now_us=now_us or (lambda: time.time_ns() // 1000),
            notices=Notices(),
            patience=patience,
        )
        provider = make(name, endpoints_at(exchange), surroundings)
        yield provider
        await provider.close()


@asynccontextmanager
async def loaded(
    name: str, patience: Patience = PATIENT, **arguments: float
) -> AsyncIterator[tuple[LocalExchange, Exchange]]:
    """A local exchange and an adapter that knows its instruments."""
    served = LocalExchange(WIRES[name](), **arguments)  # type: ignore[arg-type]
    async with served.running() as exchange, provider_at(name, exchange, patience) as provider:
        await provider.load()
        yield exchange, provider


class Stream:
    """The life of a stream, and what it has brought so far."""

    def __init__(self, provider: Exchange, symbols: tuple[str, ...]) -> None:
        self.provider = provider
        self.messages: list[Message] = []
        self._changed = asyncio.Condition()
        self._new = asyncio.Event()
        self.task = asyncio.ensure_future(provider.stream(symbols, self._take))

    def _take(self, message: Message) -> None:
        self.messages.append(message)
        self._new.set()

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def told(self) -> list[Message]:
        """About the market."""
        return [message for message in self.messages if not isinstance(message, Alive)]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until something that was brought makes it true; a stream that ends raises what ended it."""
        async with asyncio.timeout(_LONGEST_WAIT_S):
            while not holds():
                self._new.clear()
                waiting = asyncio.ensure_future(self._new.wait())
                await asyncio.wait((waiting, self.task), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if self.task.done() and not holds():
                    self.task.result()

    async def first(self, kind: type[Kind]) -> Kind:
        await self.until(lambda: bool(self.all(kind)))
        return self.all(kind)[0]

    async def end(self) -> None:
        """Raises what ended it."""
        async with asyncio.timeout(_LONGEST_WAIT_S):
            await self.task


@asynccontextmanager
async def following(
    name: str, *coins: str, patience: Patience = PATIENT, **arguments: float
) -> AsyncIterator[tuple[LocalExchange, Stream]]:
    """A stream of these coins that the exchange knows of."""
    async with loaded(name, patience, **arguments) as (exchange, provider):
        stream = Stream(provider, tuple(f"{coin}-USDT-SWAP" for coin in coins))
        try:
            if coins:
                await exchange.followed(*coins)
            yield exchange, stream
        finally:
            stream.task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await stream.task
