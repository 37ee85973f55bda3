"""The market in this process, at exchanges on this machine, and what it writes on the tape."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

import redis.asyncio

from market.exchanges.endpoints import Endpoints
from market.feed import USUAL, Timing
from market.running import run
from market.settings import MarketSettings
from signaltape import Settings
from signaltape.contract.limits import read_plainly
from signaltape.stream import stream_key
from tests.exchanges.bybit import BybitWire
from tests.exchanges.okx import OkxWire
from tests.exchanges.server import LocalExchange

BTC = "BTC-USDT-SWAP"
#: Nothing in a test takes longer, however busy the machine is.
WITHIN_S = 60.0
_TRADE_EVERY_S = 0.05
#: What each exchange trades at: so a bar tells by its prices whose trades are in it.
PRICES = {"okx": ("43000.1", "43000.3"), "bybit": ("43000.2", "43000.4")}


class Record:
    """One entry of the stream."""

    def __init__(self, entry_id: bytes, fields: dict[bytes, bytes]) -> None:
        self.entry_ms = int(entry_id.split(b"-")[0])
        self.event = fields[b"event"].decode()
        self.fields: dict[str, Any] = read_plainly(fields[b"data"])

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def get(self, name: str) -> Any:
        return self.fields.get(name)


class Scene:
    """Exchanges that trade, a market that listens, and its tape."""

    def __init__(self, settings: Settings, okx: LocalExchange, bybit: LocalExchange) -> None:
        self.settings, self.okx, self.bybit = settings, okx, bybit
        self.exchanges = {"okx": okx, "bybit": bybit}
        self.key = stream_key(settings.stream, 0)
        assert settings.redis_url is not None
        self.client: Any = redis.asyncio.Redis.from_url(settings.redis_url.reveal())
        #: coins that are traded, by exchange
        self.trading: dict[str, set[str]] = {"okx": {"BTC"}, "bybit": {"BTC"}}
        #: the seconds in which each traded
        self.traded: dict[str, set[int]] = {"okx": set(), "bybit": set()}
        #: whose books are crossed: exchanges, coins
        self.crossed: set[str] = set()
        #: for how long this machine stood still in all, and nothing could be done in time
        self.stalled_s = 0.0
        #: added to the time of the market's clock
        self.ahead_us = 0
        self.stop, self.ended = asyncio.Event(), asyncio.Event()

    def market_settings(self, *symbols: str) -> MarketSettings:
        return MarketSettings(
            common=self.settings,
            providers=tuple(self.exchanges),
            symbols=symbols,
            endpoints=Endpoints(
                okx_ws=self.okx.ws, okx_rest=self.okx.rest, bybit_ws=self.bybit.ws, bybit_rest=self.bybit.rest
            ),
        )

    def environment(self, *symbols: str) -> dict[str, str]:
        """For a market in a process of its own."""
        return environment_of(self.exchanges, *symbols)

    @asynccontextmanager
    async def market(self, *symbols: str, timing: Timing = USUAL) -> AsyncIterator[None]:
        """It runs meanwhile; in the end it is stopped as by SIGTERM."""
        running = asyncio.create_task(
            run(self.market_settings(*symbols), self.stop, self.wall_us, timing=timing)
        )
        running.add_done_callback(lambda _: self.ended.set())
        try:
            yield
        finally:
            self.stop.set()
            await running

    def wall_us(self) -> int:
        return time.time_ns() // 1000 + self.ahead_us

    async def records(self, event: str = "", **fields: Any) -> list[Record]:
        """Of the tape so far: those of a kind, with these fields. What was shipped twice is one: a kill may keep the
        shipper from noting what it has sent, and workers drop what they have had."""
        entries: dict[bytes, tuple[bytes, dict[bytes, bytes]]] = {}
        for entry_id, given in await self.client.xrange(self.key):
            entries.setdefault(given[b"data"], (entry_id, given))
        found = [Record(*entry) for entry in entries.values()]
        return [
            one
            for one in found
            if one.event in (event, event or one.event)
            and all(one.get(name) == value for name, value in fields.items())
        ]

    async def until(self, event: str, holds: Callable[[list[Record]], Any], **fields: Any) -> list[Record]:
        """The records, as soon as that holds of them."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while not holds(found := await self.records(event, **fields)):
                    assert not self.ended.is_set(), "the market has ended"
                    await asyncio.sleep(0.05)  # the stream tells nobody
        except TimeoutError:
            raise AssertionError(f"not within {WITHIN_S} s of {[one.fields for one in found[-5:]]}") from None
        return found

    async def seconds(self, count: int, **fields: Any) -> list[Record]:
        """Bars of a second, as soon as there are so many."""
        return await self.until("market_candle", lambda found: len(found) >= count, interval="1s", **fields)

    async def add(self, event: str, fields: bytes) -> None:
        """As a foreign engine writes it."""
        await self.client.xadd(self.key, {"event": event, "data": fields})

    async def trade_for_ever(self) -> None:
        """Twenty times a second at both, with a book around the price."""
        for turn in count():
            for name, coins in self.trading.items():
                for coin in coins:
                    await self._trade(name, coin, PRICES[name][turn % 2])
            before_s = time.monotonic()
            await asyncio.sleep(_TRADE_EVERY_S)
            self.stalled_s += max(0.0, time.monotonic() - before_s - 2 * _TRADE_EVERY_S)

    async def _trade(self, name: str, coin: str, price: str) -> None:
        away = Decimal("-0.05") if {name, coin} & self.crossed else Decimal("0.05")
        await self.exchanges[name].book(coin, price, str(Decimal(price) + away))
        at_ms = time.time_ns() // 1_000_000
        self.traded[name].add(at_ms // 1000)
        await self.exchanges[name].trade(coin, price, "0.5", at_ms=at_ms)


@asynccontextmanager
async def scene(settings: Settings) -> AsyncIterator[Scene]:
    """Two exchanges that trade BTC until the end."""
    async with LocalExchange(OkxWire()).running() as okx, LocalExchange(BybitWire()).running() as bybit:
        made = Scene(settings, okx, bybit)
        trading = asyncio.create_task(made.trade_for_ever())
        try:
            yield made
        finally:
            trading.cancel()
            with suppress(asyncio.CancelledError):
                await trading
            await made.client.aclose()


def environment_of(exchanges: Mapping[str, LocalExchange], *symbols: str) -> dict[str, str]:
    """What a market in a process of its own has to know of these; the first is preferred."""
    found = {
        "SIGNALTAPE_MARKET_PROVIDERS": ",".join(exchanges),
        "SIGNALTAPE_MARKET_SYMBOLS": ",".join(symbols),
    }
    for name, exchange in exchanges.items():
        found[f"SIGNALTAPE_MARKET_{name.upper()}_WS"] = exchange.ws
        found[f"SIGNALTAPE_MARKET_{name.upper()}_REST"] = exchange.rest
    return found


def of_one_exchange(bar: Record) -> bool:
    """Whether all its prices are of the provider that it names."""
    own = {Decimal(price) for price in PRICES[bar["provider"]]}
    return {bar[name] for name in ("open", "high", "low", "close")} <= own


def moment(text: str) -> float:
    """A time of a record in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()
