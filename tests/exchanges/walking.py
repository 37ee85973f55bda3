"""Prices that walk: trades, books and candles as on a living exchange, the same ones for the same seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from decimal import Decimal

from tests.exchanges.market import MINUTE_MS, Candle
from tests.exchanges.server import LocalExchange

_STEP = Decimal("0.1")


class Walk:
    """Of one coin. `step` is one trade with a book around it; at the turn of a minute its candle comes first."""

    def __init__(self, exchange: LocalExchange, coin: str, price: str = "1000", seed: int = 1) -> None:
        self._exchange = exchange
        self._coin = coin
        self._price = Decimal(price)
        self._random = random.Random(f"{coin}{seed}")
        self._minute: list[Decimal] = []
        self._begin_ms = -1

    async def step(self, at_ms: int) -> None:
        begin_ms = at_ms // MINUTE_MS * MINUTE_MS
        if begin_ms != self._begin_ms:
            await self._end_minute()
            self._begin_ms = begin_ms
        self._price += self._random.choice((-_STEP, Decimal(0), _STEP))
        self._minute.append(self._price)
        await self._exchange.trade(self._coin, str(self._price), "0.5", at_ms)
        await self._exchange.book(self._coin, str(self._price - _STEP), str(self._price), at_ms)

    async def _end_minute(self) -> None:
        if not self._minute:
            return
        first, last, volume = self._minute[0], self._minute[-1], Decimal("0.5") * len(self._minute)
        high, low = max(self._minute), min(self._minute)
        texts = (str(first), str(high), str(low), str(last))
        await self._exchange.candle(Candle(self._coin, self._begin_ms, *texts, str(volume)))
        self._minute.clear()


async def walk(
    exchange: LocalExchange, coins: Iterable[str], every_s: float = 0.1, price: str = "1000"
) -> None:
    """All coins by the wall clock, until it is cancelled."""
    walks = [Walk(exchange, coin, price) for coin in coins]
    while True:
        for each in walks:
            await each.step(exchange._at(None))
        await asyncio.sleep(every_s)
