"""What CoinAPI answers, as messages. Its numbers are JSON numbers: read as decimals, to the digit. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from market.exchanges.base import CandleRow, Quote
from market.exchanges.errors import Unreadable
from market.exchanges.naming import Pair, swap_named
from market.exchanges.numbers import price_of, side_of, volume_of
from signaltape.showing import show

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_CHARS = 40


class Symbol(Struct, frozen=True):
    symbol_id: str
    symbol_type: str = ""
    asset_id_base: str = ""
    asset_id_quote: str = ""


class Candle(Struct, frozen=True):
    time_period_start: str
    time_period_end: str
    price_open: Decimal
    price_high: Decimal
    price_low: Decimal
    price_close: Decimal
    volume_traded: Decimal


class Prices(Struct, frozen=True):
    """The newest quote. time_coinapi: when it was there, where the exchange itself says no time."""

    bid_price: Decimal | None = None
    ask_price: Decimal | None = None
    time_exchange: str | None = None
    time_coinapi: str | None = None


def pair_traded(symbol: Symbol) -> Pair | None:
    """Of a perpetual in one of our quotes; None of anything else."""
    if symbol.symbol_type != "PERPETUAL":
        return None
    return swap_named(f"{symbol.asset_id_base}-{symbol.asset_id_quote}-SWAP")


def candle_of(one: Candle, symbol: str, received_us: int) -> CandleRow:
    """A candle of a period that is over."""
    begin, end = micros_at(one.time_period_start), micros_at(one.time_period_end)
    prices = (one.price_open, one.price_high, one.price_low, one.price_close)
    opened, high, low, close = (price_of(each) for each in prices)
    volume = volume_of(one.volume_traded)
    return CandleRow(symbol, begin, end, opened, high, low, close, volume, end, received_us)


def quote_of(one: Prices, symbol: str, received_us: int) -> Quote:
    """The best prices as they were last said."""
    at = micros_at(one.time_exchange or one.time_coinapi or "")
    return Quote(symbol, side_of(one.bid_price), side_of(one.ask_price), at, received_us)


def micros_at(text: str) -> int:
    """`2026-01-01T00:00:00.0000000Z` in microseconds since 1970. Raises Unreadable."""
    try:
        moment = datetime.fromisoformat(text) if len(text) <= _MOST_CHARS else None
    except ValueError:
        moment = None
    if moment is None:
        raise Unreadable(f"{show(text)} is no time")
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def text_of(micros: int) -> str:
    """The other way round, as CoinAPI wants to be asked."""
    return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
