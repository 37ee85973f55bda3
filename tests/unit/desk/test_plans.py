"""The plan of an alert: which lines tell of it, and from which side each is reached."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.alerts.plans import edge, has_plan, lines_of
from ghost.model.plan import Plan, Refused, plan_of
from tests.support.alerts import alert, published

SHORT = {"side": "short", "sl": 65100, "tp1": 63000, "tp2": 62000}
SIGNAL = {"symbol": "BTC-USDT", "entry": None, "entry_low": 64000, "entry_high": 64200}


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({}, "Entry below 64200, SL below 63100, TP1 above 65500, TP2 above 67000"),
        (SHORT, "Entry above 64000, SL above 65100, TP1 below 63000, TP2 below 62000"),
        ({"entry": 64100, "tp2": None}, "Entry below 64100, SL below 63100, TP1 above 65500"),
        ({"entryHigh": None, "tp1": None, "tp2": None}, "Entry below 64000, SL below 63100"),
    ],
)
def test_each_line_is_reached_from_the_side_that_the_plan_expects(
    changes: dict[str, Any], lines: str
) -> None:
    said = [f"{one.label} {one.direction} {one.price}" for one in lines_of(alert(**changes))]
    assert ", ".join(said) == lines


def test_a_stop_entry_is_reached_from_the_other_side_and_the_market_has_no_line() -> None:
    levels = {**SIGNAL, "side": "long", "sl": 63100, "tp": 65500}
    stop = lines_of(published(**levels, entry_type="stop"))
    assert (stop[0].label, stop[0].price, stop[0].direction) == ("Entry", Decimal(64000), "above")
    market = published(**{**levels, "entry_low": None, "entry_high": None}, entry_type="market")
    assert has_plan(market)
    assert [one.label for one in lines_of(market)] == ["SL", "TP1"]
    assert not has_plan(published(**{**levels, "entry_low": None, "entry_high": None}))


prices = st.one_of(st.none(), st.integers(1, 9).map(Decimal))


@given(
    st.sampled_from(["long", "short"]), st.sampled_from(["limit", "stop", "market"]), prices, prices, prices
)
def test_the_edge_is_the_one_that_the_ghost_takes(
    side: Any, kind: Any, entry: Decimal | None, low: Decimal | None, high: Decimal | None
) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    one = published(side=side, entry_type=kind, entry=entry, entry_low=low, entry_high=high, sl=5)
    stop = Decimal("0.1") if side == "long" else Decimal(100)
    plan = plan_of(
        order_id="1", symbol="X", side=side, published_us=0, expires_us=1, sl=stop, entry_type=kind,
        entry=entry, entry_low=low, entry_high=high,
    )  # fmt: skip
    assert has_plan(one) is isinstance(plan, Plan)
    assert isinstance(plan, Refused) or edge(one) == plan.price
