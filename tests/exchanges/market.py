"""What happens at an exchange, before it is put into anybody's format. Values are text: as wrong as a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field

COINS = ("BTC", "ETH", "SOL", "AVAX", "XRP")
MINUTE_MS = 60_000


def symbol_of(coin: str) -> str:
    return f"{coin}-USDT-SWAP"


@dataclass(frozen=True)
class Trade:
    coin: str
    price: str
    qty: str
    at_ms: int
    trade_id: str


@dataclass(frozen=True)
class Book:
    """An empty text: nobody on that side."""

    coin: str
    bid: str
    ask: str
    at_ms: int


@dataclass(frozen=True)
class Candle:
    coin: str
    begin_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    is_closed: bool = True


@dataclass(frozen=True)
class Funding:
    coin: str
    rate: str
    next_ms: int
    at_ms: int


@dataclass(frozen=True)
class Interest:
    coin: str
    value: str
    at_ms: int


Event = Trade | Book | Candle | Funding | Interest


@dataclass
class Market:
    """What an exchange knows now, for those who ask or come later. candles: by coin and begin."""

    coins: tuple[str, ...] = COINS
    books: dict[str, Book] = field(default_factory=dict)
    fundings: dict[str, Funding] = field(default_factory=dict)
    interests: dict[str, Interest] = field(default_factory=dict)
    candles: dict[str, dict[int, Candle]] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        if isinstance(event, Book):
            self.books[event.coin] = event
        elif isinstance(event, Funding):
            self.fundings[event.coin] = event
        elif isinstance(event, Interest):
            self.interests[event.coin] = event
        elif isinstance(event, Candle):
            self.candles.setdefault(event.coin, {})[event.begin_ms] = event

    def newest_candles(self, coin: str) -> list[Candle]:
        return [candle for _, candle in sorted(self.candles.get(coin, {}).items(), reverse=True)]
