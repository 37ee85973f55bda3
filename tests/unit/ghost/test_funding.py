"""Funding: paid once, by what is open when it is due, at the last word that was said in time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ghost.model.book import Book
from ghost.model.changes import Funded
from ghost.model.rules import Rules
from tests.unit.ghost.by_hand import FILLED, D, after, bar, plan, result
from tests.unit.ghost.test_book import Stored
from tests.unit.ghost.thought_up import MINUTE_US, START_US

DUE_US = START_US + MINUTE_US
RULES = Rules(funding=True)


def filled(rules: Rules = RULES) -> Book:
    """A position that was opened with the first minute."""
    book = Book(rules)
    book.add(plan())
    book.bar(bar(0, FILLED))
    return book


def paid(book: Book, place: int = 1, **changes: object) -> list[Decimal]:
    found = book.bar(bar(place, "104 104 103 103", **changes))
    return [one.funding_r for one in found if isinstance(one, Funded)]


@pytest.mark.parametrize(("side", "in_r"), [("long", "0.0208"), ("short", "-0.0208")])
def test_a_long_pays_a_short_receives(side: str, in_r: str) -> None:
    """0.001 × 104, the last close, is 0.104; 1 R is 5."""
    book = Book(RULES)
    book.add(plan(side=side, **({} if side == "long" else {"sl": D(105), "tp1": D(90)})))
    book.bar(bar(0, "100 104 99 104"))
    book.funding("SOL", D("0.001"), DUE_US)
    assert paid(book) == [D(in_r)]
    assert paid(book, 2) == [], "once"


def test_it_is_part_of_what_was_won() -> None:
    book = filled()
    book.funding("SOL", D("0.001"), DUE_US)
    found = book.bar(bar(1, "104 111 103 110"))
    assert (result(found).rr_realized, result(found).funding_r) == (D(2), D("0.0208"))
    assert result(found).pnl_r == D("1.9792")


def test_nobody_pays_if_the_rules_do_not_ask_for_it() -> None:
    book = filled(Rules())
    book.funding("SOL", D("0.001"), DUE_US)
    assert paid(book) == []


def test_the_last_word_counts_and_may_be_that_there_is_none() -> None:
    book = filled()
    book.funding("SOL", D("0.5"), DUE_US)
    book.funding("SOL", D("0.001"), DUE_US)
    assert paid(book) == [D("0.0208")]
    book = filled()
    book.funding("SOL", D("0.5"), DUE_US)
    book.funding("SOL", None, DUE_US)
    book.funding("SOL", D("NaN"), DUE_US)
    assert paid(book) == []


def test_what_was_said_too_late_is_not_paid() -> None:
    book = filled()
    assert paid(book) == []
    book.funding("SOL", D("0.001"), DUE_US)
    assert paid(book, 2) == []


def test_what_was_filled_behind_that_moment_pays_nothing() -> None:
    book = Book(RULES)
    book.add(plan())
    book.funding("SOL", D("0.001"), DUE_US - 1)
    book.bar(bar(0, FILLED))
    assert paid(book) == []


def test_neither_a_bad_bar_nor_a_late_one_makes_it_due() -> None:
    """The bar that was seen last ended behind the moment; a late one begins between."""
    book = filled()
    book.funding("SOL", D("0.001"), DUE_US + MINUTE_US)
    assert paid(book, 1, end_us=START_US + 5 * MINUTE_US) == []
    assert paid(book, 3) == []
    assert paid(book, 5, quality="bad") == []
    assert paid(book, 5) == [D("0.0206")]


def test_it_is_stored_with_the_order() -> None:
    stored, book = Stored(), filled()
    book.funding("SOL", D("0.001"), DUE_US)
    stored.save(book)
    book = stored.load(RULES)
    assert paid(book) == [D("0.0208")]
    stored.save(book)
    assert result(stored.load(RULES).bar(bar(2, "104 111 103 110"))).funding_r == D("0.0208")


def test_each_world_pays_for_what_is_open_in_it() -> None:
    """In the better one half was closed with the bar of the entry."""
    book = Book(RULES)
    book.add(plan(tp1=D(105), tp2=D(110)))
    book.bar(bar(0, "102 106 99 104"))
    book.funding("SOL", D("0.001"), DUE_US)
    found = [one for one in book.bar(bar(1, "104 104 103 103")) if isinstance(one, Funded)]
    assert [(one.world, one.funding_r) for one in found] == [("worse", D("0.0208")), ("better", D("0.0104"))]


def test_without_funding_it_is_nothing() -> None:
    assert result(after(FILLED, "101 111 96 109")).funding_r == 0
