"""Orders whose rules, commands or bars are not the usual ones."""

from __future__ import annotations

import pytest

from ghost.model.book import Book
from ghost.model.rules import Rules
from tests.unit.ghost.by_hand import FILLED, D, bar, plan, said
from tests.unit.ghost.thought_up import MINUTE_US, START_US

LIMITED, FREE = Rules(limit_volume=True), Rules()


@pytest.mark.parametrize(("begun_under", "filled"), [(LIMITED, []), (FREE, ["fill 100"])])
def test_an_order_is_followed_by_the_rules_it_was_begun_under_whatever_is_set_since(
    begun_under: Rules, filled: list[str]
) -> None:
    for now in (LIMITED, FREE):
        book = Book(begun_under)
        book.add(plan(risk_usd=D(50)))
        kept = book.unsaved()
        states = [state for state in kept.orders.values() if state is not None]
        symbols = {symbol: state for symbol, state in kept.symbols.items() if state is not None}
        again = Book.load(now, states, [], symbols)
        assert said(again.bar(bar(0, FILLED, volume=D(1)))) == filled


def test_a_position_is_counted_once_though_a_coarse_bar_says_more_of_the_bar_that_filled_it() -> None:
    book = Book(FREE)
    book.add(plan())
    book.add(plan(order_id="other", entry=D(90), sl=D(80)))
    half = START_US + MINUTE_US // 2
    book.bar(bar(0, "104 104 103 104", end_us=half))
    book.bar(bar(0, "104 104 99 104", begin_us=half))
    book.bar(bar(0, "104 104.5 94 104"))
    book.bar(bar(1, "104 111 104 110"))
    before = book.unsaved().symbols["SOL"]
    assert before is not None
    assert b"pieces" not in before, "no position is open any more: nothing is kept for one"


def test_a_cancel_by_a_clock_that_is_ahead_is_overruled_by_one_that_is_right() -> None:
    book = Book(FREE)
    book.add(plan())
    book.bar(bar(0, FILLED))
    assert len(book.cancel("order", START_US + 600 * MINUTE_US)) == 1
    assert book.bar(bar(1, "104 105 103 104")) == []
    assert len(book.cancel("order", START_US + 2 * MINUTE_US)) == 1
    assert book.cancel("order", START_US + 3 * MINUTE_US) == [], "later than what was asked"
    assert said(book.bar(bar(2, "103 105 102 104"))) == ["manual 103"]
