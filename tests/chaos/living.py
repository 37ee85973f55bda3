"""Two exchanges at which prices walk, in a thread of their own, and people who act on them."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

from tests.exchanges.bybit import BybitWire
from tests.exchanges.market import symbol_of
from tests.exchanges.okx import OkxWire
from tests.exchanges.server import LocalExchange
from tests.exchanges.walking import walk
from tests.support.ghosting import START, Tape, at
from tests.support.marketing import environment_of

COINS = ("BTC", "ETH", "SOL")
#: Where each exchange's prices begin. They go in steps of 0.1: so the last digit of each tells whose it is.
FIRST_PRICES = {"okx": "1000.01", "bybit": "1000.03"}
_TRADE_EVERY_S = 0.1
#: How late one plan in five is published.
_LATE_S = 8


@contextmanager
def living() -> Iterator[Mapping[str, LocalExchange]]:
    """The exchanges by name, until the block ends."""
    loop = asyncio.new_event_loop()
    stop, ready = asyncio.Event(), threading.Event()
    exchanges = {"okx": LocalExchange(OkxWire()), "bybit": LocalExchange(BybitWire())}
    thread = threading.Thread(
        target=loop.run_until_complete, args=(_trade(exchanges, stop, ready),), name="exchanges"
    )
    thread.start()
    try:
        ready.wait()
        yield exchanges
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _trade(exchanges: Mapping[str, LocalExchange], stop: asyncio.Event, ready: threading.Event) -> None:
    async with exchanges["okx"].running(), exchanges["bybit"].running():
        walks = [
            asyncio.create_task(walk(exchange, COINS, _TRADE_EVERY_S, FIRST_PRICES[name]))
            for name, exchange in exchanges.items()
        ]
        ready.set()
        await stop.wait()
        for one in walks:
            one.cancel()


def environment(exchanges: Mapping[str, LocalExchange]) -> dict[str, str]:
    """Of a market that follows one coin always, the others because of what is on the tape."""
    return environment_of(exchanges, symbol_of(COINS[0]))


class People:
    """By lot, plans at prices of now: tracked ones, clicked ones; and lines."""

    def __init__(self, tape: Tape, exchanges: Mapping[str, LocalExchange], seed: int) -> None:
        self._tape, self._exchange = tape, exchanges["okx"]
        self._chance = random.Random(f"{seed}:people")
        self._numbers = 0
        #: signal ids of tracked plans
        self.tracked: list[str] = []

    def act(self) -> None:
        """One of them does one thing."""
        coin = self._chance.choice(COINS)
        book = self._exchange.market.books.get(coin)
        if book is None:
            return  # nothing was traded yet
        act = self._chance.choices((self._plan, self._click, self._line), (5, 3, 2))[0]
        act(symbol_of(coin), float(Decimal(book.ask)))

    def _plan(self, symbol: str, price: float) -> None:
        side, levels = self._levels(price)
        published_s = _now_s() - (_LATE_S if self._chance.random() < 0.2 else 0)
        minutes = self._chance.choice((1, 1, 2, 30))
        plan = self._tape.plan(published_s, minutes=minutes, symbol=symbol, side=side, track="true", **levels)
        self.tracked.append(plan)

    def _click(self, symbol: str, price: float) -> None:
        """An alert's plan, and its button a moment later."""
        side, levels = self._levels(price)
        now_s = _now_s()
        signal_id = self._tape.plan(now_s, minutes=30, symbol=symbol, side=side, **levels)
        levels["tp1"] = levels.pop("tp")
        life = {"publishedAt": at(now_s), "expiresAt": at(now_s) + timedelta(minutes=30)}
        order = {"orderId": f"o-{self._number()}", "symbol": symbol, "side": side, "signalId": signal_id}
        self._tape.command("place", now_s, **order, **life, **levels)

    def _line(self, symbol: str, price: float) -> None:
        direction, away = self._chance.choice((("above", 1), ("below", -1)))
        at_price = round(price + away * self._chance.uniform(0.1, 1.5), 2)
        line = {"lineId": f"l-{self._number()}", "symbol": symbol, "price": at_price, "direction": direction}
        self._tape.command("set_line", _now_s(), **line)

    def _levels(self, price: float) -> tuple[str, dict[str, float]]:
        """Near enough to the price for most of them to be filled and to end within a minute or two."""
        chance = self._chance
        side, sign = chance.choice((("long", 1), ("short", -1)))
        entry = price - sign * chance.uniform(0, 0.6)
        risk = chance.uniform(0.3, 1.2)
        levels = {
            "entry": entry,
            "sl": entry - sign * risk,
            "tp": entry + sign * risk * chance.uniform(0.5, 2),
        }
        if chance.random() < 0.4:
            levels["tp2"] = levels["tp"] + sign * risk
        return side, {name: round(one, 2) for name, one in levels.items()}

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


def _now_s() -> float:
    """By the clock of a Tape."""
    return time.time() - START.timestamp()
