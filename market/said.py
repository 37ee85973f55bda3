"""What the market says and wants, before it is emitted or asked for. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from market.bars import Bar
from market.exchanges.base import CandleRow
from market.units import MINUTE_US, SECOND_US
from signaltape.quality import Verdict


class Candle(NamedTuple):
    """A bar of a second or a minute, of one provider, with what is to be thought of it."""

    provider: str
    symbol: str
    interval: str
    begin_us: int
    end_us: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    exchange_us: int
    received_us: int
    verdict: Verdict
    bid: Decimal | None = None
    ask: Decimal | None = None


class Moved(NamedTuple):
    """A symbol's bars come from another provider from now on; None is nobody."""

    symbol: str
    before: str | None
    after: str | None
    reasons: tuple[str, ...]
    at_us: int


class Want(NamedTuple):
    """Candles that are to be asked for, that begin within [since, until)."""

    provider: str
    symbol: str
    since_us: int
    until_us: int


Said = Candle | Moved | Want


def of_bar(bar: Bar, verdict: Verdict) -> Candle:
    """A second."""
    quote = bar.quote
    return Candle(
        *(bar.provider, bar.symbol, "1s", bar.begin_us, bar.end_us),
        *(bar.open, bar.high, bar.low, bar.close, bar.volume),
        *(bar.exchange_us, bar.received_us, verdict),
        *((quote.bid, quote.ask) if quote is not None else (None, None)),
    )


def of_row(provider: str, row: CandleRow, verdict: Verdict) -> Candle:
    """A minute."""
    return Candle(
        *(provider, row.symbol, "1m", row.begin_us, row.end_us),
        *(row.open, row.high, row.low, row.close, row.volume),
        *(row.exchange_us, row.received_us, verdict),
    )


def of_last_good(last: Candle, begin_us: int, now_us: int, verdict: Verdict) -> Candle:
    """The last good price once more: nothing was traded that anybody saw."""
    price = last.close
    return Candle(
        *(last.provider, last.symbol, "1s", begin_us, begin_us + SECOND_US),
        *(price, price, price, price, Decimal(0)),
        *(last.exchange_us, now_us, verdict),
    )


def second_of(us: int) -> int:
    """The begin of its second."""
    return us - us % SECOND_US


def minute_of(us: int) -> int:
    """The begin of its minute."""
    return us - us % MINUTE_US
