"""The market's records: what was traded, quoted, paid and open, as an engine or the room `market` saw it.

`provider` is where it was seen, `exchangeTs` when it was so there, `receivedAt` when it came. A candle's `interval` is
its length (1s, 1m, 1h), its `bid` and `ask` are as they stood at its end.
"""

# Annotations are no texts here: each would be compiled at import, twice.
from typing import Annotated, ClassVar

from msgspec import Meta

from signaltape.contract.events import Symbol, Text
from signaltape.contract.record_base import Amount, Group, Moment, Name, Number, Price, Quality, Record

#: Why something seen is not quite to be trusted.
Reasons = Annotated[
    list[Text], Meta(max_length=20, description="must be a list of at most 20 texts of 512 characters")
]


class MarketTrade(Record, kw_only=True, frozen=True, rename="camel"):
    """A trade of the market."""

    EVENT: ClassVar[str] = "market_trade"
    GROUP: ClassVar[Group] = Group.MARKET

    symbol: Symbol
    price: Price
    qty: Amount
    side: Name | None = None
    event_type: Name | None = None


class MarketBook(Record, kw_only=True, frozen=True, rename="camel"):
    """The order book: levels of price and quantity, best first."""

    EVENT: ClassVar[str] = "market_book"
    GROUP: ClassVar[Group] = Group.MARKET

    symbol: Symbol
    bids: list[tuple[Number, Number]]
    asks: list[tuple[Number, Number]]


class MarketCandle(Record, kw_only=True, frozen=True, rename="camel"):
    """A candle; `timestamp` is its end."""

    EVENT: ClassVar[str] = "market_candle"
    GROUP: ClassVar[Group] = Group.MARKET

    symbol: Symbol
    interval: Name
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Amount
    provider: Name | None = None
    exchange_ts: Moment | None = None
    received_at: Moment | None = None
    bid: Price | None = None
    ask: Price | None = None
    data_quality: Quality | None = None
    degraded: bool | None = None
    reasons: Reasons | None = None


class MarketFunding(Record, kw_only=True, frozen=True, rename="camel"):
    """What holding a perpetual costs, as a share of its value; no rate if what came was no number."""

    EVENT: ClassVar[str] = "market_funding"
    GROUP: ClassVar[Group] = Group.MARKET

    symbol: Symbol
    rate: Number | None = None
    next_funding_at: Moment | None = None
    provider: Name | None = None
    exchange_ts: Moment | None = None
    received_at: Moment | None = None
    data_quality: Quality | None = None
    degraded: bool | None = None
    reasons: Reasons | None = None


class MarketOpenInterest(Record, kw_only=True, frozen=True, rename="camel"):
    """What is open of a contract, in its unit; no value if what came was no number."""

    EVENT: ClassVar[str] = "market_open_interest"
    GROUP: ClassVar[Group] = Group.MARKET

    symbol: Symbol
    value: Number | None = None
    unit: Name | None = None
    provider: Name | None = None
    exchange_ts: Moment | None = None
    received_at: Moment | None = None
    data_quality: Quality | None = None
    degraded: bool | None = None
    reasons: Reasons | None = None
