"""A week and a day as a trader has them: for pictures of pages and for tests of what is on them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from signaltape.clock import WIB, utc_now
from sink.db import Connection
from tests.support.book import Book
from tests.support.market import candles, write_records
from tests.support.samples import as_json, closed, new_id, published, triggered

_SYMBOLS = ("BTC-PERP", "SOL-USDT-SWAP", "ETH-PERP")
_SETUPS = ("breakout", "pullback", "range fade")


def fill(book: Book, count: int = 60) -> list[str]:
    """Signals of this week up to now, most of them closed; returns their ids."""
    chance, now = random.Random(7), utc_now().astimezone(WIB)
    monday = datetime.combine(now.date() - timedelta(days=now.weekday()), datetime.min.time(), WIB)
    return [_signal(book, chance, monday + (now - monday) * n / (count + 1)) for n in range(1, count + 1)]


def _signal(book: Book, chance: random.Random, at: datetime) -> str:
    score = round(chance.uniform(0.42, 0.95), 3)
    signal_id = book.signal(
        score,
        at=at.isoformat(),
        symbol=chance.choice(_SYMBOLS),
        setup=chance.choice(_SETUPS),
        scenarios={"primary": {"side": chance.choice(("long", "short"))}},
        entry=222.1,
        sl=220.4,
        tp=225.5,
        ref_id=f"ib_{at:%Y%m%d_%H%M}_{chance.randrange(1000)}",
        timeframe="5m",
        layers={
            "smc": {"match": chance.random() < 0.6, "weight": 0.2, "value": {"zone": [221.5, 222.0]}},
            "trend": {"match": chance.random() < 0.6, "weight": 0.3},
            "volume": {"match": chance.random() < 0.5, "weight": 0.1},
        },
    )
    _ending(book, chance, signal_id, at, score)
    return signal_id


def _ending(book: Book, chance: random.Random, signal_id: str, at: datetime, score: float) -> None:
    fate = chance.random()
    if fate < 0.75:
        won = chance.random() < 0.25 + score / 2
        book.close(signal_id, round(chance.uniform(0.8, 2.4), 2) if won else -1, at=at.isoformat())
    elif fate < 0.85:
        book.invalidate(signal_id, "sl" if fate < 0.8 else "expiry")


def traded(book: Book, connection: Connection, **changes: Any) -> str:
    """A signal of two hours ago with its market: filled, went 1.7 R for it, closed at its target; returns its id."""
    chance, begins = (
        random.Random(11),
        utc_now().astimezone(WIB).replace(second=0, microsecond=0) - timedelta(hours=2),
    )
    at, filled, ended = (begins + timedelta(minutes=minutes) for minutes in (12, 25, 80))
    plan = {
        "entry": 222.1,
        "sl": 220.4,
        "tp": 225.0,
        "ref_id": f"ib_{at:%Y%m%d_%H%M}_SOL",
        "setup": "breakout",
    }
    signal_id = book.signal(0.82, at=at.isoformat(), **{**plan, **changes})
    book.trigger(signal_id, 780_000, filled.isoformat(), entry_fill=222.1)
    book.close(signal_id, 1.71, at=ended.isoformat(), time_in_trade_ms=3_300_000)
    price, prices = 222.6, []
    for minute in range(110):
        goal = 222.1 + max(0.0, 2.9 * (minute - 25) / 55)
        close = round(price + (goal - price) * 0.2 + chance.gauss(0, 0.22), 2)
        high, low = (
            max(price, close) + abs(chance.gauss(0, 0.1)),
            min(price, close) - abs(chance.gauss(0, 0.1)),
        )
        prices.append((price, round(high, 2), round(low, 2), close))
        price = close
    write_records(connection, *candles(changes.get("symbol", "SOL-USDT-SWAP"), begins, prices))
    return signal_id


def stream(client: Any, key: str, count: int = 8) -> list[str]:
    """Events of some signals into a stream, as they would come live; returns the entries' ids."""
    ids = []
    for n in range(count):
        signal_id = new_id()
        kind, fields = (
            ("signal_published", published(signal_id, side="long", setup=_SETUPS[n % 3])),
            ("signal_triggered", triggered(signal_id)),
            ("signal_closed", closed(signal_id)),
        )[n % 3]
        ids.append(client.xadd(key, {"event": kind, "data": as_json(fields)}).decode())
    return ids
