"""A small market in memory: providers that trade, break and come back, and a follower that is stepped through it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from market.exchanges.base import CandleRow, Quote, Tick
from market.follower import Follower
from market.gaps import Gap
from market.said import Candle, Moved, Said, Want
from market.sources import LineState
from market.units import MINUTE_US, SECOND_US

SOL = "SOL-USDT-SWAP"
#: 2022-01-17 09:30:00 WIB
BEGIN_US = 1_642_386_600 * SECOND_US
OKX, BYBIT = "okx", "bybit"
#: News is here so much later than it happens.
LATE_US = 50_000


def at(seconds: float) -> int:
    return BEGIN_US + round(seconds * SECOND_US)


def tick(
    seconds: float, price: str = "100", qty: str = "1", *, late_s: float = 0.05, trade: str | None = None
) -> Tick:
    return Tick(SOL, Decimal(price), Decimal(qty), at(seconds), at(seconds + late_s), trade)


def quote(seconds: float, bid: str | None = "99.9", ask: str | None = "100.1") -> Quote:
    low, high = (Decimal(side) if side is not None else None for side in (bid, ask))
    return Quote(SOL, low, high, at(seconds), at(seconds) + LATE_US)


def row(minute: int, price: str = "100", *, high: str | None = None) -> CandleRow:
    begin_us = BEGIN_US + minute * MINUTE_US
    plain = Decimal(price)
    end_us = begin_us + MINUTE_US
    return CandleRow(
        SOL, begin_us, end_us, plain, Decimal(high or price), plain, plain, Decimal(9), end_us, end_us
    )


class World:
    """Steps a follower ten times a second. Each provider has a line, and trades while it is in `trading`."""

    def __init__(
        self,
        *providers: str,
        told_until_us: int | None = None,
        minutes_us: int | None = None,
        known: Sequence[Gap] = (),
    ) -> None:
        self.lines = {name: LineState() for name in providers}
        self.follower = Follower(SOL, at(0), told_until_us, minutes_us, known)
        self.trading = dict.fromkeys(providers, "100")
        self.told: list[tuple[float, Said]] = []
        self.seconds = 0.0
        #: who answers questions for candles, or brings them by its stream
        self.answering = set(providers)

    def run(self, until_s: float) -> None:
        """Until then, a trade of each provider that trades in every tenth of a second."""
        while self.seconds < until_s - 1e-9:
            self.seconds = round(self.seconds + 0.1, 1)
            for name, price in self.trading.items():
                self.follower.take(name, tick(self.seconds - 0.05, price))
            self._step()

    def break_off(self, provider: str, trouble: str = "is not connected") -> None:
        self.trading.pop(provider, None)
        self.lines[provider] = LineState(trouble=trouble)

    def connect(self, provider: str, price: str = "100") -> None:
        self.follower.source(provider).begin()
        self.lines[provider] = LineState()
        self.trading[provider] = price

    def candles(self, interval: str = "1s") -> list[Candle]:
        return [one for _, one in self.told if isinstance(one, Candle) and one.interval == interval]

    def moves(self) -> list[tuple[str | None, str | None]]:
        return [(one.before, one.after) for _, one in self.told if isinstance(one, Moved)]

    def wants(self) -> list[Want]:
        return [one for _, one in self.told if isinstance(one, Want)]

    def _step(self) -> None:
        for one in self.follower.step(self.lines, at(self.seconds)):
            self.told.append((self.seconds, one))
            if isinstance(one, Want) and one.provider in self.answering:
                for answer in answers(one):
                    self.follower.take(one.provider, answer)


def answers(want: Want) -> Iterable[CandleRow]:
    minutes = range((want.since_us - BEGIN_US) // MINUTE_US, (want.until_us - BEGIN_US) // MINUTE_US)
    return [row(minute) for minute in minutes]


def second(candle: Candle) -> float:
    """When it begins, in seconds of this world."""
    return (candle.begin_us - BEGIN_US) / SECOND_US
