"""The examples of docs/ghost.md, each reckoned by hand. Longs: entry 100, stop 95, target 110; 1 R is 5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ghost.model.book import Book
from ghost.model.changes import Cancelled, Exited, Expired, Filled
from ghost.model.rules import Rules
from tests.unit.ghost.by_hand import FILLED, D, after, bar, plan, result, said
from tests.unit.ghost.thought_up import MINUTE_US, START_US

DOC = (Path(__file__).parents[3] / "docs" / "ghost.md").read_text()

ENTRIES = [
    ("102 103 100 101", {}, []),
    ("102 103 99 101", {}, ["fill 100"]),
    ("98 101 97 99", {}, ["fill 100"]),
    ("102 103 100 101", {"entry_type": "stop"}, ["fill 102"]),
    ("98 101 97 99", {"entry_type": "stop"}, ["fill 100"]),
    ("102 103 99 101", {"entry_type": "market", "entry": None}, ["fill 102"]),
    ("98 101 97 99", {"entry_type": "market", "entry": None}, ["fill 98"]),
    ("98 101 97 99", {"entry_type": "market"}, ["fill 100"]),
]


@pytest.mark.parametrize(("text", "changes", "expected"), ENTRIES)
def test_entries(text: str, changes: dict[str, Any], expected: list[str]) -> None:
    assert f"`{text}`" in DOC
    assert said(after(text, **changes)) == expected


def test_a_limit_is_filled_at_touch_if_the_rules_say_so() -> None:
    assert said(after("102 103 100 101", rules=Rules(touch=True))) == ["fill 100"]


STOP = {"entry_type": "stop"}
ENTRY_BARS = [
    ("99 104 96 103", {}, []),
    ("99 104 94 103", {}, ["sl 95"]),
    ("94 104 93 103", {}, ["sl 94"]),
    ("102 104 94 96", {}, ["sl 95"]),
    ("102 111 98 101", {}, ["tp1 110 better"]),
    ("102 111 94 101", {}, ["sl 95 worse", "tp1 110 better"]),
    ("98 111 97 105", STOP, ["tp1 110"]),
    ("98 104 94 103", STOP, ["sl 95 worse"]),
    ("98 111 94 105", STOP, ["sl 95 worse", "tp1 110 better"]),
    ("102 111 98 112", {}, ["tp1 110 better"]),
]


@pytest.mark.parametrize(("text", "changes", "expected"), ENTRY_BARS)
def test_the_bar_of_the_entry(text: str, changes: dict[str, Any], expected: list[str]) -> None:
    assert f"`{text}`" in DOC
    assert said(after(text, **changes)) == ["fill 100", *expected]


LATER_BARS = [
    ("101 110 96 109", []),
    ("101 111 96 109", ["tp1 110"]),
    ("101 104 95 99", ["sl 95"]),
    ("93 112 92 99", ["sl 93"]),
    ("112 113 94 96", ["tp1 110"]),
    ("101 111 94 100", ["sl 95 worse", "tp1 110 better"]),
]


@pytest.mark.parametrize(("text", "expected"), LATER_BARS)
def test_later_bars(text: str, expected: list[str]) -> None:
    assert f"`{text}`" in DOC
    assert said(after(FILLED, text))[1:] == expected


@pytest.mark.parametrize(
    ("texts", "rr", "best", "reason"),
    [
        (["94 104 93 103"], "-1.2", "-1.2", "sl"),
        ([FILLED, "101 111 96 109"], "2", "2", "tp"),
        ([FILLED, "93 112 92 99"], "-1.4", "-1.4", "sl"),
        ([FILLED, "101 111 94 100"], "-1", "2", "sl"),
        (["102 111 98 101", "101 102 95 96"], "-1", "2", "sl"),
        (["102 111 98 101", "101 111 96 100"], "2", "2", "tp"),
    ],
)
def test_r_of_both_worlds(texts: list[str], rr: str, best: str, reason: str) -> None:
    found = result(after(*texts))
    assert (found.rr_realized, found.rr_best, found.exit_reason) == (D(rr), D(best), reason)
    assert found.closed_at_us == START_US + len(texts) * MINUTE_US, "the later end"


def test_a_plan_sees_only_bars_that_begin_at_or_after_its_publication() -> None:
    found = after(FILLED, FILLED, published_us=START_US + MINUTE_US // 2)
    assert [one.at_us for one in found if isinstance(one, Filled)] == [START_US + 2 * MINUTE_US]
    assert said(after(FILLED, published_us=START_US)) == ["fill 100"]


def test_it_is_filled_in_a_bar_that_begins_before_its_expiry_or_not_at_all() -> None:
    half = START_US + MINUTE_US + MINUTE_US // 2
    assert said(after("102 103 101 102", FILLED, expires_us=half)) == ["fill 100"]
    found = after("102 103 101 102", "102 103 101 102", FILLED, expires_us=half)
    assert [type(one) for one in found] == [Expired]
    assert result(found).ended_at_us == half


def test_a_market_order_that_opens_beyond_its_stop_is_not_filled() -> None:
    found = after("95 99 94 98", entry_type="market", entry=None)
    assert [one.reason for one in found if isinstance(one, Cancelled)] == ["beyond_stop"]


TWO = {"tp1": D(105), "tp2": D(110)}


@pytest.mark.parametrize(
    ("texts", "rules", "rr", "best"),
    [
        (["101 106 99 104", "104 111 103 110"], {}, "1.5", "1.5"),
        (["101 106 99 104", "104 104 99 100"], {"break_even": True}, "0.5", "0.5"),
        (["101 111 94 96"], {}, "-1", "1.5"),
        (["101 106 94 96"], {}, "-1", "0"),
        (["101 106 99 104", "104 109 104 108", "108 109 103 104"], {"trail_r": D(1)}, "0.9", "0.9"),
        (["101 106 99 104", "104 111 103 110"], {"tp1_fraction": D("0.25")}, "1.75", "1.75"),
        (["101 106 99 104"], {"tp1_fraction": D(1)}, "1", "1"),
    ],
)
def test_two_targets(texts: list[str], rules: dict[str, Any], rr: str, best: str) -> None:
    assert all(f"`{text}`" in DOC for text in texts if not rules.get("trail_r"))
    found = result(after("101 101 99 101", *texts, rules=Rules(**rules), **TWO))
    assert (found.rr_realized, found.rr_best) == (D(rr), D(best))


def test_costs() -> None:
    rules = Rules(slippage_bps=D(10), maker_bps=D(2), taker_bps=D(5))
    found = result(after(FILLED, "101 104 95 99", rules=rules, risk_usd=D(50)))
    assert (found.rr_realized, found.fees_r) == (D("-1.019"), D("0.0134905"))
    assert (found.pnl_r, found.pnl_usd) == (D("-1.0324905"), D("-51.624525"))
    assert found.pnl_pct == D("-5.1624525")


def test_no_volume_is_used_twice() -> None:
    """50 USD at 5 a coin are 10 coins: a bar of 15 fills one of two orders, one of 20 both."""
    book = Book(Rules(limit_volume=True))
    for name in ("first", "second"):
        book.add(plan(order_id=name, risk_usd=D(50)))
    one = book.bar(bar(0, FILLED, volume=D(15)))
    assert [change.order_id for change in one if isinstance(change, Filled)] == ["first"]
    two = book.bar(bar(1, "104 105 99 104", volume=D(10)))
    assert [change.order_id for change in two if isinstance(change, Filled)] == ["second"]
    three = book.bar(bar(2, "104 111 103 110", volume=D(19)))
    assert [change.order_id for change in three if isinstance(change, Exited)] == ["first"]


def test_excursions() -> None:
    """In at 100 from above: 103 may have been before; 98 was behind. Then 106 and 97, and the end at 110."""
    assert "`102 103 98 101`, `101 106 97 105`, `105 112 96 111`" in DOC
    found = result(after("102 103 98 101", "101 106 97 105", "105 112 96 111"))
    assert (found.mfe_r, found.mae_r) == (D(2), D("-0.6"))
    open_order = Book(Rules())
    open_order.add(plan())
    open_order.bar(bar(0, "102 103 98 101"))
    open_order.bar(bar(1, "101 106 97 105"))
    standing = open_order.result("order")
    assert standing is not None
    assert (standing.status, standing.mfe_r, standing.mae_r) == ("open", D("1.2"), D("-0.6"))
