"""A market made by lot, with all that ghosts meet in it: the same seed makes the same tape."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.support.ghosting import Tape, at

SYMBOLS = ("SOL-USDT-SWAP", "BTC-USDT-SWAP", "ETH-USDT-SWAP")
_TICK = 0.01


class GhostMarket:
    """Prices that walk, and people who act on them.

    minutes: how long it goes on. Every minute has seconds of some symbols, then its candle; plans of any kind, lines,
    commands that cancel; now and then a bad bar, a late one, funding.
    """

    def __init__(self, tape: Tape, seed: int) -> None:
        self._tape = tape
        self._chance = random.Random(seed)
        self._prices = dict.fromkeys(SYMBOLS, 100.0)
        self._orders: list[dict[str, str]] = []
        self._lines: list[dict[str, str]] = []
        self._numbers = 0

    def run(self, minutes: int, *, start: int = 0) -> None:
        """Write so many minutes of tape."""
        for minute in range(start, start + minutes):
            self._act(minute * 60)
            for symbol in SYMBOLS:
                self._minute(symbol, minute)
            if minute % 20 == 0:
                self._funding(minute * 60)

    def _minute(self, symbol: str, minute: int) -> None:
        chance, begin = self._chance, minute * 60
        path = list(self._path(symbol))
        if chance.random() < 0.4:
            for place, (first, last) in enumerate(pairwise(path)):
                end = begin + (place + 1) * 15
                self._bar(symbol, end, (first, max(first, last), min(first, last), last), "15s")
        if chance.random() < 0.03:
            self._bar(symbol, begin - 60, (path[0],) * 4, "1m")
        quality = {"dataQuality": "bad"} if chance.random() < 0.03 else {}
        self._bar(symbol, begin + 60, (path[0], max(path), min(path), path[-1]), "1m", **quality)

    def _path(self, symbol: str) -> Iterator[float]:
        """Five prices of a minute."""
        for _ in range(5):
            yield round(self._prices[symbol], 2)
            self._prices[symbol] *= 1 + self._chance.gauss(0, 0.002)

    def _bar(self, symbol: str, end: float, prices: tuple[float, ...], interval: str, **more: Any) -> None:
        texts = [f"{price:.2f}" for price in prices]
        self._tape.bar(end, texts, symbol=symbol, interval=interval, **more)

    def _act(self, now: int) -> None:
        chance = self._chance
        if chance.random() < 0.5:
            self._plan(now)
        if chance.random() < 0.3:
            self._place(now)
        if chance.random() < 0.3:
            self._line(now)
        if self._orders and chance.random() < 0.3:
            self._tape.command("cancel", now, **chance.choice(self._orders[-3:]))
        if self._lines and chance.random() < 0.1:
            self._tape.command("cancel_line", now, **chance.choice(self._lines[-3:]))

    def _levels(self, symbol: str) -> tuple[str, dict[str, float]]:
        chance = self._chance
        side = chance.choice(("long", "short"))
        sign = 1 if side == "long" else -1
        entry = self._prices[symbol] * (1 - sign * chance.uniform(0, 0.003))
        risk = entry * chance.uniform(0.002, 0.006)
        levels = {
            "entry": entry,
            "sl": entry - sign * risk,
            "tp": entry + sign * risk * chance.uniform(0.5, 3),
        }
        if chance.random() < 0.4:
            levels["tp2"] = levels["tp"] + sign * risk
        return side, {name: round(price, 2) for name, price in levels.items()}

    def _plan(self, now: int) -> None:
        symbol = self._chance.choice(SYMBOLS)
        side, levels = self._levels(symbol)
        # now and then it is published before bars that stand on the tape already
        published = now - (180 if self._chance.random() < 0.2 else 0)
        minutes = self._chance.choice((5, 30, 240))
        self._tape.plan(published, minutes=minutes, symbol=symbol, side=side, **levels)

    def _place(self, now: int) -> None:
        symbol, order_id = self._chance.choice(SYMBOLS), f"o-{self._next()}"
        side, levels = self._levels(symbol)
        levels["tp1"] = levels.pop("tp")
        kind = self._chance.choice(("limit", "stop", "market"))
        self._orders.append({"orderId": order_id, "symbol": symbol})
        order = {"orderId": order_id, "symbol": symbol, "side": side, "entryType": kind, "riskUsd": 50}
        self._tape.command("place", now, **order, **levels)

    def _line(self, now: int) -> None:
        symbol, line_id = self._chance.choice(SYMBOLS), f"l-{self._next()}"
        direction = self._chance.choice(("above", "below"))
        price = round(self._prices[symbol] * self._chance.uniform(0.99, 1.01), 2)
        ends = {"expiresAt": at(now + 3_600)} if self._chance.random() < 0.5 else {}
        self._lines.append({"lineId": line_id, "symbol": symbol})
        self._tape.command(
            "set_line", now, lineId=line_id, symbol=symbol, price=price, direction=direction, **ends
        )

    def _funding(self, now: int) -> None:
        for symbol in SYMBOLS:
            fields = {"symbol": symbol, "rate": 0.0001, "timestamp": at(now), "nextFundingAt": at(now + 600)}
            self._tape.put("market_funding", fields, symbol)

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers
