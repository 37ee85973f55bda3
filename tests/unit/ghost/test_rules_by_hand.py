"""The examples of docs/ghost.md, each reckoned by hand. Longs: entry 100, stop 95, target 110; 1 R is 5."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ghost.model.bar import Bar
from ghost.model.book import Book
from ghost.model.changes import Cancelled, Change, Closed, Exited, Expired, Filled, Funded, LineExpired, Rung
from ghost.model.lines import Line
from ghost.model.plan import Plan, Refused, plan_of
from ghost.model.result import Result
from ghost.model.rules import Rules
from tests.unit.ghost.thought_up import MINUTE_US, START_US

DOC = (Path(__file__).parents[3] / "docs" / "ghost.md").read_text()
D = Decimal
FILLED = "101 104 99 104"
GIVEN = {"entry": D(100), "sl": D(95), "tp1": D(110)}


def bar(place: int, text: str, **changes: Any) -> Bar:
    """The bar of this minute, as the page writes it: open, high, low, close."""
    begin = START_US + place * MINUTE_US
    return Bar("SOL", begin, begin + MINUTE_US, *map(Decimal, text.split()))._replace(**changes)


def plan(**changes: Any) -> Plan:
    fields: dict[str, Any] = {"order_id": "order", "symbol": "SOL", "side": "long", **GIVEN}
    made = plan_of(**{**fields, "published_us": START_US, "expires_us": START_US + 9 * MINUTE_US, **changes})
    assert isinstance(made, Plan), made
    return made


def after(*texts: str, rules: Rules | None = None, **changes: Any) -> list[Change]:
    """What these minutes make of a plan."""
    book = Book(rules or Rules())
    found = book.add(plan(**changes))
    for place, text in enumerate(texts):
        found += book.bar(bar(place, text))
    return found


def said(changes: list[Change]) -> list[str]:
    """In short: `fill 100`, `sl 95 worse`."""
    found = []
    for one in changes:
        if isinstance(one, Filled):
            found.append(f"fill {one.price}")
        elif isinstance(one, Exited):
            found.append(f"{one.kind} {one.price}" + ("" if one.world == "both" else f" {one.world}"))
    return found


def result(changes: list[Change]) -> Result:
    """Of an order that has ended."""
    last = changes[-1]
    assert isinstance(last, Closed | Expired | Cancelled)
    return last.result


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


@pytest.mark.parametrize(("side", "paid"), [("long", "0.0208"), ("short", "-0.0208")])
def test_funding_is_paid_by_what_is_open_when_it_is_due(side: str, paid: str) -> None:
    book = Book(Rules(funding=True))
    turned = {} if side == "long" else {"sl": D(105), "tp1": D(90), "entry": D(101)}
    book.add(plan(side=side, **turned))
    book.bar(bar(0, "100 104 99 104"))
    fill = D(100 if side == "long" else 101)
    book.funding("SOL", D("0.5"), START_US + MINUTE_US)
    book.funding("SOL", D("0.001"), START_US + MINUTE_US)
    assert book.bar(bar(1, "104 104 103 103", quality="bad")) == []
    (funded,) = book.bar(bar(1, "104 104 103 103"))
    assert isinstance(funded, Funded)
    assert funded.funding_r == D(paid) * 5 / abs(fill - (D(95) if side == "long" else D(105))), (
        "0.001 × 104 / R"
    )
    assert book.bar(bar(2, "103 104 103 103")) == [], "once"


def test_what_was_filled_behind_that_moment_pays_nothing() -> None:
    book = Book(Rules(funding=True))
    book.add(plan())
    book.funding("SOL", D("0.001"), START_US + MINUTE_US // 2)
    book.bar(bar(0, "101 104 99 104"))
    assert book.bar(bar(1, "104 104 103 103")) == []


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
    found = result(after("102 103 98 101", "101 106 97 105", "105 112 96 111"))
    assert (found.mfe_r, found.mae_r) == (D(2), D("-0.6"))
    open_order = Book(Rules())
    open_order.add(plan())
    open_order.bar(bar(0, "102 103 98 101"))
    open_order.bar(bar(1, "101 106 97 105"))
    standing = open_order.result("order")
    assert standing is not None
    assert (standing.status, standing.mfe_r, standing.mae_r) == ("open", D("1.2"), D("-0.6"))


def test_lines_ring_once_and_expire() -> None:
    book = Book(Rules())
    minute = {"symbol": "SOL", "price": D(105), "set_us": START_US + MINUTE_US}
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
        ({"expires_us": 0}, "it expires before it begins: no bar could fill it"),
        ({"risk_usd": D(0)}, "risk_usd must be above 0, got 0"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused_in_words(changes: dict[str, Any], reason: str) -> None:
    fields: dict[str, Any] = {"order_id": "order", "symbol": "SOL", "side": "long", **GIVEN}
    assert plan_of(**{**fields, "published_us": 1, "expires_us": 2, **changes}) == Refused(reason)


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
