"""Lines, taking back, plans that are refused, plans that come late."""

from __future__ import annotations

from typing import Any

import pytest

from ghost.model.book import Book
from ghost.model.changes import Cancelled, LineExpired, Rung
from ghost.model.lines import Line
from ghost.model.plan import Plan, Refused, plan_of
from ghost.model.rules import Rules
from tests.unit.ghost.by_hand import FILLED, GIVEN, D, after, bar, plan, result, said
from tests.unit.ghost.thought_up import MINUTE_US, START_US


def test_lines_ring_once_and_expire() -> None:
    book = Book(Rules())
    minute: dict[str, Any] = {"symbol": "SOL", "price": D(105), "set_us": START_US + MINUTE_US}
    assert book.add_line(Line(line_id="up", direction="above", **minute))
    assert book.add_line(
        Line(line_id="down", direction="below", **minute, expires_us=START_US + 3 * MINUTE_US)
    )
    assert not book.add_line(Line(line_id="up", direction="above", **minute))
    assert book.bar(bar(0, "104 106 104 106")) == [], "set later"
    (rung,) = book.bar(bar(1, "106 107 106 106"))
    assert rung == Rung("up", START_US + 2 * MINUTE_US, D(105), "above", D(107))
    assert book.bar(bar(2, "106 107 106 106")) == [LineExpired("down", START_US + 3 * MINUTE_US)]
    assert book.bar(bar(3, "106 107 100 106")) == []


def test_taking_it_back() -> None:
    book = Book(Rules())
    book.add(plan())
    (cancelled,) = book.cancel("order", START_US)
    assert isinstance(cancelled, Cancelled)
    assert book.cancel("order", START_US) == []
    book.add(plan())
    book.bar(bar(0, FILLED))
    book.cancel("order", START_US + MINUTE_US + 1)
    assert book.bar(bar(1, "104 106 103 104")) == []
    found = book.bar(bar(2, "103 106 102 104"))
    assert (said(found), result(found).exit_reason, result(found).rr_realized) == (
        ["manual 103"],
        "manual",
        D("0.6"),
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sl": None}, "no stop (sl): without one there is no R to count in"),
        ({"entry": None}, "no entry: a limit order needs entry, or entry_low and entry_high"),
        ({"sl": D(101)}, "the stop of a long must be below its entry, got 101 and 100"),
        ({"tp1": D(100)}, "tp1 of a long must be above entry, got 100 and 100"),
        ({"tp2": D(105)}, "tp2 of a long must be above tp1, got 105 and 110"),
        ({"side": "short", "sl": D(99)}, "the stop of a short must be above its entry, got 99 and 100"),
        (
            {"risk_usd": D(5) * 10**15},
            "risk_usd over the way to the stop must be less than 10^15 of the coin, got 5000000000000000 over 5",
        ),
        ({"risk_usd": D(5) * 10**15 - 1}, None),
        ({"sl": D("99.9999")}, None),
        ({"sl": D("99.99991")}, "the stop is too near to the entry to count in R: 99.99991 and 100"),
        ({"tp1": D(5_000_101)}, "the stop is too near to the entry to count in R: 95 and 100"),
        ({"expires_us": 0}, "it expires before it begins: no bar could fill it"),
        ({"risk_usd": D(0)}, "risk_usd must be above 0, got 0"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused_in_words(
    changes: dict[str, Any], reason: str | None
) -> None:
    fields: dict[str, Any] = {"order_id": "order", "symbol": "SOL", "side": "long", **GIVEN}
    made = plan_of(**{**fields, "published_us": 1, "expires_us": 2, **changes})
    assert isinstance(made, Plan) if reason is None else made == Refused(reason)


@pytest.mark.parametrize(
    ("side", "kind", "edge"),
    [("long", "limit", 101), ("long", "stop", 99), ("short", "limit", 99), ("short", "stop", 101)],
)
def test_of_a_band_the_nearer_edge_counts(side: str, kind: str, edge: int) -> None:
    levels = {"sl": D(95), "tp1": D(110)} if side == "long" else {"sl": D(110), "tp1": D(95)}
    band = {"entry": None, "entry_low": D(99), "entry_high": D(101)}
    assert plan(side=side, entry_type=kind, **levels, **band).price == edge


def test_a_lone_second_target_is_the_target() -> None:
    made = plan(tp1=None, tp2=D(110))
    assert (made.tp1, made.tp2) == (D(110), None)


def test_a_plan_that_comes_late_lives_through_what_it_missed() -> None:
    book = Book(Rules())
    book.add_line(Line(line_id="keeps the symbol", symbol="SOL", price=D(999), direction="above", set_us=0))
    missed = [bar(0, "102 103 98 101"), bar(1, "101 106 97 105")]
    for one in missed:
        book.bar(one)
    found = book.add(plan(), missed)
    found += book.bar(bar(2, "105 112 96 111"))
    assert said(found) == ["fill 100", "tp1 110"]
    assert (result(found).mfe_r, result(found).mae_r) == (D(2), D("-0.6"))


def test_the_better_world_at_first_may_be_the_worse_one_in_the_end() -> None:
    """Half was closed at 105 in one world only; there the stop went to the fill, and the rest was closed before 110."""
    rules, two = Rules(break_even=True), {"tp1": D(105), "tp2": D(110)}
    found = after("102 106 99 101", "101 104 99 103", "103 111 102 110", rules=rules, **two)
    assert [text for text in said(found) if "better" in text] == ["tp1 105 better", "sl 100 better"]
    assert (result(found).rr_realized, result(found).rr_best) == (D("0.5"), D("1.5"))
    assert (result(found).exit_reason, result(found).tp2_hit) == ("sl", False)


def test_how_far_the_price_went_outlives_the_position_that_was_there_first_or_last() -> None:
    """Two positions, one begun later and ended sooner; what was seen meanwhile is still of the first."""
    book = Book(Rules())
    book.add(plan(order_id="first", tp1=D(120)))
    book.add(plan(order_id="second", entry=D(99), sl=D(96), tp1=D(104)))
    for place, text in enumerate(("101 102 99.5 101", "101 102 98 100", "100 103 98 102", "102 105 101 104")):
        book.bar(bar(place, text))
    book.bar(bar(4, "104 104 103 103"))
    standing = book.result("first")
    assert standing is not None
    assert (standing.mfe_r, standing.mae_r) == (D(1), D("-0.4"))
