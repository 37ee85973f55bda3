"""What this engine sees of the market: prices of nowhere that go up and down by the clock. Pure."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from msgspec.structs import replace

from signaltape.quality import Seen

#: Middle price and half the spread of each symbol that it knows.
_SYMBOLS = {"BTC": (64_000.0, 0.5), "ETH": (3_100.0, 0.05), "SOL": (221.0, 0.01), "XRP": (2.1, 0.0001)}
SYMBOLS = frozenset(_SYMBOLS)
#: So long a price takes to go up and down once, and so far it goes.
_WAVE_S, _HEIGHT = 600.0, 0.004
_LATEST_S = 0.4


class Flow(NamedTuple):
    """Of the last minute, in coins."""

    bought: float
    sold: float

    @property
    def imbalance(self) -> float:
        """-1 (all sold) to 1 (all bought)."""
        return (self.bought - self.sold) / (self.bought + self.sold)


def seen(symbol: str, at_s: float, *, stale_s: float = 0.0, instead: dict[str, Any] | None = None) -> Seen:
    """What is known of a symbol. at_s: seconds since 1970; stale_s: how much older it is than it should be.

    instead: fields that are something else. Raises KeyError for a symbol that is not known.
    """
    middle, half = _SYMBOLS[symbol]
    price = middle * (1 + _HEIGHT * math.sin(2 * math.pi * at_s / _WAVE_S))
    usual = Seen(
        price=price,
        bid=price - half,
        ask=price + half,
        has_book=True,
        funding_rate=0.0001,
        open_interest=1e6,
        age_s=_LATEST_S + stale_s,
    )
    return replace(usual, **{name: _number(value) for name, value in (instead or {}).items()})


def flow(symbol: str, at_s: float) -> Flow:
    """Who was the more eager in the last minute."""
    lean = 0.3 * math.cos(2 * math.pi * at_s / _WAVE_S)
    size = 1e7 / _SYMBOLS[symbol][0]
    return Flow(size * (1 + lean), size * (1 - lean))


def _number(value: Any) -> Any:
    """JSON has no number for them: "NaN", "Infinity"."""
    return float(value) if isinstance(value, str) else value
