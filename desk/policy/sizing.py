"""How large a position may be: risk in percent of the equity, by confidence, volatility and flow. Exact; pure.

size = equity × base risk % × multiplier × vol_adj × flow_adj. What is not known is neutral (1), and said.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from desk.alerts.coins import coin_of

Method = Literal["table", "smooth"]

#: Below 60, from 60, from 70, above 80: an edge belongs to the upper band, but 80 itself to the one below.
_LOW, _MIDDLE, _HIGH = Decimal(60), Decimal(70), Decimal(80)
_TIMES = Decimal("0.5"), Decimal("1.0"), Decimal("1.3"), Decimal("1.6")
_EXPONENT = Decimal("1.2")
#: 1 / 0.8, so that nothing is ever divided.
_PER_ORDINARY_ATR = Decimal("1.25")
_LEAST_VOL, _MOST_VOL = Decimal("0.8"), Decimal("1.25")
#: A net inflow of ETFs above this lifts positions in bitcoin.
_STRONG_INFLOW_USD = Decimal(50_000_000)
_STRONG_FLOW = Decimal("1.1")
_FLOW_COIN = "BTC"
_NEUTRAL = Decimal(1)
_CENT = Decimal("0.01")
_SMOOTH_STEP = Decimal("0.0001")
#: Of their own, so that nobody else's settings of this thread change a size. In the first all products of these inputs
#: are exact, as long as they may be; the second is for what never is.
_EXACT = Context(prec=8_000)
_ROUNDED = Context(prec=40)


class SizingRules(Struct, frozen=True):
    """method: of the multiplier. risk_cap_pct: what no position risks more than, in percent of the equity."""

    method: Method = "table"
    risk_cap_pct: Decimal = Decimal("2.0")


class Sizing(Struct, frozen=True):
    """A size, what it was made of, and how it is shown.

    risk_pct: in percent of the equity; risk_usd: rounded down to a cent, None if the equity is not known.
    missing: what was not given and so counted as neutral. line: such as `base 1.0% × mult 1.3 × vol 1.1 = 1.43%`.
    """

    risk_pct: Decimal
    risk_usd: Decimal | None
    base: Decimal
    mult: Decimal
    vol: Decimal
    flow: Decimal
    capped: bool
    missing: tuple[str, ...]
    line: str


def size(
    equity: Decimal | None,
    base_risk_pct: Decimal,
    confidence: Decimal | None,
    atr_pct: Decimal | None,
    etf_inflow_usd: Decimal | None,
    symbol: str | None,
    rules: SizingRules,
) -> Sizing:
    """The size of a position. confidence: 0 to 100; atr_pct: of the price; etf_inflow_usd: net."""
    takes_flow = symbol is not None and coin_of(symbol) == _FLOW_COIN
    given = {"confidence": confidence, "ATR": atr_pct, **({"ETF flow": etf_inflow_usd} if takes_flow else {})}
    mult = _NEUTRAL if confidence is None else multiplier(confidence, rules.method)
    vol = _NEUTRAL if atr_pct is None else vol_adj(atr_pct)
    flow = flow_adj(etf_inflow_usd) if takes_flow else _NEUTRAL
    whole = _times(base_risk_pct, mult, vol, flow)
    risk = min(whole, rules.risk_cap_pct)
    missing = [name for name, value in {**given, "equity": equity}.items() if value is None]
    factors = {"mult": mult, "vol": vol, **({"flow": flow} if takes_flow else {})}
    known = {name: factor for name, factor in factors.items() if _SAID_AS[name] not in missing}
    return Sizing(
        risk_pct=risk,
        risk_usd=None if equity is None else _usd(equity, risk),
        base=base_risk_pct,
        mult=mult,
        vol=vol,
        flow=flow,
        capped=whole > risk,
        missing=tuple(missing),
        line=_line(base_risk_pct, known, whole, risk),
    )


_SAID_AS = {"mult": "confidence", "vol": "ATR", "flow": "ETF flow"}


def multiplier(confidence: Decimal, method: Method) -> Decimal:
    """By confidence: from the table, or (confidence / 70) ^ 1.2 to four places."""
    if method == "smooth":
        ratio = _ROUNDED.divide(max(confidence, Decimal(0)), _MIDDLE)
        return _ROUNDED.quantize(_ROUNDED.power(ratio, _EXPONENT), _SMOOTH_STEP)
    return _TIMES[(confidence >= _LOW) + (confidence >= _MIDDLE) + (confidence > _HIGH)]


def vol_adj(atr_pct: Decimal) -> Decimal:
    """clamp(ATR% / 0.8, 0.8 … 1.25); 0.8 is the ATR, in percent, of an ordinary day."""
    return min(max(_EXACT.multiply(atr_pct, _PER_ORDINARY_ATR), _LEAST_VOL), _MOST_VOL)


def flow_adj(etf_inflow_usd: Decimal | None) -> Decimal:
    """1.1 for a net inflow above $50M, else 1."""
    return _STRONG_FLOW if etf_inflow_usd is not None and etf_inflow_usd > _STRONG_INFLOW_USD else _NEUTRAL


def _times(*factors: Decimal) -> Decimal:
    product = _NEUTRAL
    for factor in factors:
        product = _EXACT.multiply(product, factor)
    return product


def _usd(equity: Decimal, risk_pct: Decimal) -> Decimal:
    exact = _EXACT.multiply(_EXACT.multiply(equity, risk_pct), _CENT)
    return exact.quantize(_CENT, ROUND_DOWN, _EXACT)


def _line(base: Decimal, factors: dict[str, Decimal], whole: Decimal, risk: Decimal) -> str:
    parts = (f"base {shown(base, 1)}%", *(f"{name} {shown(factor, 1)}" for name, factor in factors.items()))
    cap = f" → cap {shown(risk, 1)}%" if whole > risk else ""
    return f"{' × '.join(parts)} = {shown(whole, 2)}%{cap}"


def shown(number: Decimal, places: int) -> str:
    """A number with at least so many places, and at most four: `1.0`, `1.25`, `1.0625`."""
    text = f"{number.quantize(_SMOOTH_STEP, context=_EXACT):f}"
    whole, _, part = text.partition(".")
    return f"{whole}.{part.rstrip('0').ljust(places, '0')}"


def dump(sizing: Sizing) -> str:
    """A sizing as JSON, for its row."""
    return msgspec.json.encode(sizing).decode()


def load(row: str | bytes) -> Sizing:
    """A sizing of its row. Raises msgspec.ValidationError."""
    return msgspec.json.decode(row, type=Sizing)
