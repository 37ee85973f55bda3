"""The world that began as the worse one may end as the better one: then the other one counts, in every figure."""

from __future__ import annotations

import pytest

from ghost.held import Held, Whose
from ghost.model.changes import Closed
from ghost.model.rules import Rules
from ghost.told.orders import changed
from tests.unit.ghost.by_hand import D, after, plan

#: The target may have come before the entry: then its rest is stopped at the fill; the worse world runs on.
RETURNING = ("102 106 99 101", "101 101 100 100", "100 106 100 105", "105 111 105 110")
MIRRORED = ("98 101 94 99", "99 100 99 100", "100 100 94 95", "95 95 89 90")


@pytest.mark.parametrize(
    ("side", "bars", "price"), [("long", RETURNING, D("102.5")), ("short", MIRRORED, D("97.5"))]
)
def test_the_price_of_the_end_is_that_of_the_world_that_counts(
    side: str, bars: tuple[str, ...], price: D
) -> None:
    levels = {name: D(one) for name, one in zip(("sl", "tp1", "tp2"), (95, 105, 110), strict=True)}
    if side == "short":
        levels = {name: 200 - one for name, one in levels.items()}
    given = {"side": side, **levels}
    closed = after(*bars, rules=Rules(break_even=True), **given)[-1]
    assert isinstance(closed, Closed)
    assert (closed.result.rr_realized, closed.result.rr_best) == (D("0.5"), D("1.5"))
    held = Held(plan=plan(**given), source="auto", tracked=False, whose=Whose(), fill=D(100))
    trade = changed(held, closed)[-1].fields
    assert (trade["rrRealized"], trade["closePrice"]) == (D("0.5"), price)
