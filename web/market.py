"""The price path of a signal: the market around it, out of what engines recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from sink.pool import Pool, Session, TooSlow, dicts
from sink.queries import load
from web.price_path import Candle, Excursions, Trade, excursions, finest, seconds_of, step_of

_SQL = load(Path(__file__).parent / "sql" / "market.sql")
#: Shown before and behind a signal: this share of it, within bounds. An open one is looked at for so long at most.
_AROUND, _LEAST_AROUND, _MOST_AROUND = 0.25, timedelta(minutes=10), timedelta(hours=6)
_LONGEST = timedelta(days=30)
#: A shorter ref may stand in an order's id by chance.
_LEAST_REF = 6
_TOO_SLOW = "The market of this time is too much to be read in a moment."


class Fill(NamedTuple):
    """An order that was filled."""

    ts: datetime
    side: str
    price: Decimal


class PricePath(NamedTuple):
    """The market around a signal. interval: of its candles, as recorded; step_s: as they are shown."""

    since: datetime
    until: datetime
    candles: Sequence[Candle]
    interval: str
    step_s: int
    fills: Sequence[Fill]
    trade: Trade | None
    reach: Excursions | None


class NoPath(NamedTuple):
    """Why there is no price path."""

    why: str


async def price_path(pool: Pool, signal: dict[str, Any], now: datetime) -> PricePath | NoPath:
    """What the market did around a signal, a row of `signals.whole`."""
    since, until = span_of(signal, now)
    try:
        async with pool.read() as session:
            await session.execute(_SQL["patience"])
            return await _path(session, signal, since, until, now)
    except TooSlow:
        return NoPath(_TOO_SLOW)


def span_of(signal: dict[str, Any], now: datetime) -> tuple[datetime, datetime]:
    """From when to when the market is looked at."""
    begins = signal["ts_published"]
    ends = signal["ends"] or now
    ends = min(max(ends, begins + timedelta(minutes=1)), begins + _LONGEST)
    around = min(max(_AROUND * (ends - begins), _LEAST_AROUND), _MOST_AROUND)
    return begins - around, ends + around


async def _path(
    session: Session, signal: dict[str, Any], since: datetime, until: datetime, now: datetime
) -> PricePath | NoPath:
    step_s = step_of(until - since)
    asked = {"symbol": signal["symbol"], "since": since, "until": until}
    rows = await dicts(session, _SQL["candles"], {**asked, "step_s": step_s})
    interval = finest(list({row["interval"] for row in rows}))
    if interval is None:
        return NoPath(_nothing_of(signal["symbol"], known=bool(rows)))
    length = timedelta(seconds=seconds_of(interval) or 1)
    candles = [_candle(row, length) for row in rows if row["interval"] == interval]
    ref = signal["ref_id"] if len(signal["ref_id"] or "") >= _LEAST_REF else None
    named = {**asked, "signal_id": signal["signal_id"], "ref": ref}
    fills = [Fill(**row) for row in await dicts(session, _SQL["fills"], named)]
    trade = trade_of(signal, now)
    reach = excursions(trade, candles) if trade else None
    return PricePath(
        since, until, candles, interval, max(step_s, seconds_of(interval) or 1), fills, trade, reach
    )


def _candle(row: dict[str, Any], length: timedelta) -> Candle:
    """Candles that were put together, from where the first of them begins."""
    return Candle(row["first"] - length, *(row[name] for name in ("end", "open", "high", "low", "close")))


def _nothing_of(symbol: str, *, known: bool) -> str:
    if known:
        return f"The candles of {symbol} that were recorded then have intervals whose names say no length."
    return f"No candle of {symbol} was recorded around this signal."


def trade_of(signal: dict[str, Any], now: datetime) -> Trade | None:
    """The trade of a signal; None if it was not triggered, or has no stop that R could be reckoned from."""
    fill, stop = signal["entry_fill"], signal["sl"]
    if fill is None or stop is None or fill == stop:
        return None
    return Trade(signal["side"], fill, stop, signal["ts_triggered"], signal["ends"] or now)
