"""Small markets that hypothesis thinks up: few prices, so that bars, entries, stops and targets meet all the time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ghost.model.bar import Bar
from ghost.model.lines import Line
from ghost.model.plan import Plan, plan_of
from ghost.model.rules import Rules

MINUTE_US = 60_000_000
START_US = 1_000 * 60 * MINUTE_US
PRICES = st.integers(90, 110).map(Decimal)


@st.composite
def walks(draw: Any, most: int = 30, symbol: str = "SOL", bad: bool = True) -> list[Bar]:
    """Minutes one behind the other, some of them missing, some of them bad."""
    bars, begin_us = [], START_US
    for _ in range(draw(st.integers(1, most))):
        begin_us += MINUTE_US * draw(st.sampled_from((1, 1, 1, 1, 2)))
        quality = draw(st.sampled_from(("ok", "ok", "ok", "degraded", "bad" if bad else "ok")))
        bars.append(
            bar_of(begin_us, draw(st.tuples(PRICES, PRICES, PRICES, PRICES)), symbol=symbol, quality=quality)
        )
    return bars


def bar_of(begin_us: int, prices: tuple[Decimal, ...], minutes: int = 1, **changes: Any) -> Bar:
    """A bar that went through these prices, from the first to the last."""
    ends = prices[0], max(prices), min(prices), prices[-1]
    fields = {"symbol": "SOL", "volume": Decimal(5), **changes}
    return Bar(
        fields["symbol"],
        begin_us,
        begin_us + minutes * MINUTE_US,
        *ends,
        fields["volume"],
        fields.get("quality", "ok"),
    )


@st.composite
def plans(draw: Any, symbol: str = "SOL", order_id: str = "order", most_minutes: int = 40) -> Plan:
    """Any plan that is not refused."""
    side = draw(st.sampled_from(("long", "short")))
    levels = sorted(draw(st.lists(PRICES, min_size=4, max_size=4, unique=True)), reverse=side == "short")
    targets = draw(st.sampled_from((2, 1, 1, 0)))
    kind = draw(st.sampled_from(("limit", "limit", "stop", "market")))
    published = START_US + MINUTE_US * draw(st.integers(0, 5))
    plan = plan_of(
        order_id=order_id,
        symbol=symbol,
        side=side,
        published_us=published,
        expires_us=published + MINUTE_US * draw(st.integers(1, most_minutes)),
        sl=levels[0],
        entry_type=kind,
        entry=None if kind == "market" and draw(st.booleans()) else levels[1],
        tp1=levels[2] if targets else None,
        tp2=levels[3] if targets == 2 else None,
        risk_usd=draw(st.sampled_from((None, Decimal(10)))),
    )
    assert isinstance(plan, Plan), plan
    return plan


BPS = st.sampled_from((Decimal(0), Decimal(0), Decimal("7.5")))
RULES = st.builds(
    Rules,
    touch=st.booleans(),
    tp1_fraction=st.sampled_from((Decimal("0.5"), Decimal("0.3"), Decimal(1))),
    break_even=st.booleans(),
    trail_r=st.sampled_from((None, None, Decimal(1))),
    taker_bps=BPS,
    maker_bps=BPS,
    slippage_bps=BPS,
    funding=st.booleans(),
    limit_volume=st.booleans(),
)


def lines(symbol: str, line_id: str) -> st.SearchStrategy[Line]:
    """Any line of a symbol."""
    return st.builds(
        lambda price, direction, minute, lasts: Line(
            line_id=line_id,
            symbol=symbol,
            price=price,
            direction=direction,
            set_us=START_US + minute * MINUTE_US,
            expires_us=None if lasts is None else START_US + (minute + lasts) * MINUTE_US,
        ),
        PRICES,
        st.sampled_from(("above", "below")),
        st.integers(0, 20),
        st.none() | st.integers(1, 20),
    )
