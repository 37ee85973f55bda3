"""Each difference once, in bars that a reader can follow: a long, entry 100, stop 95, target 110."""

from __future__ import annotations

from decimal import Decimal

from ghost.model.bar import Bar
from ghost.model.plan import Plan, plan_of
from tests.peers.lives import BEFORE, Case

_MINUTE_US = 60_000_000
_START_US = 1_640_995_200_000_000
FILLED = "102 103 99 101"
QUIET = "101 102 101 101"


def case_of(*texts: str) -> Case:
    """Quiet bars, then these: open, high, low, close; then quiet ones."""
    rows = [*[QUIET] * BEFORE, *texts, *[QUIET] * 5]
    bars = [_bar(place, row) for place, row in enumerate(rows)]
    plan = plan_of(
        order_id="order",
        symbol="SOL",
        side="long",
        published_us=bars[BEFORE].begin_us,
        expires_us=bars[BEFORE].begin_us + 60 * _MINUTE_US,
        sl=Decimal(95),
        entry=Decimal(100),
        tp1=Decimal(110),
    )
    assert isinstance(plan, Plan)
    return Case(plan, bars, BEFORE)


def _bar(place: int, row: str) -> Bar:
    begin = _START_US + place * _MINUTE_US
    o, high, low, close = map(Decimal, row.split())
    return Bar("SOL", begin, begin + _MINUTE_US, o, high, low, close, Decimal(1))
