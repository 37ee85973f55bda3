"""What holding back was worth in R, and what waiting for the entry was: by hand, with ghosts, with their lists."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reports.evidence.verdict import Kind
from reports.feedback.found import HeldBack
from reports.text.feedback import feedback_lines, held_kind
from reports.text.message import compose
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.support.alerted import Alerted
from tests.support.book import Book
from tests.support.entries import accepted
from tests.support.said import said
from tests.support.samples import closed


@pytest.fixture
def alerted(connection: Connection) -> Alerted:
    return Alerted(connection)


def at(n: int) -> str:
    return f"2022-01-{17 + n % 5}T{n % 24:02d}:00:00"


def road(book: Book) -> HeldBack:
    found = book.card().feedback
    assert found is not None
    assert found.road is not None
    return found.road


def test_all_that_was_held_by_choice_is_one_road(book: Book, alerted: Alerted) -> None:
    """A duplicate and an alert that had expired were nobody's choice."""
    for n, (reason, rr) in enumerate(
        [("snoozed", -1), ("budget", -1), ("paused", 2), ("min_rr", -1), ("expired", 9)]
    ):
        signal_id = book.signal(0.7, at=at(n))
        book.close(signal_id, rr)
        alerted.held(signal_id, reason)
    found = road(book)
    assert (found.held, found.closed, found.wins, found.sum_r) == (4, 4, 1, Decimal(-1))
    # mean -0.25, standard deviation 1.5: 4 x (0.25 +- t(3) x 1.5 / 2)
    assert "The road not taken: 4 held by choice, n=4 closed: saved 1.00 R (-8.55 … +10.55), ⏳" in said(
        compose(book.card())
    )


def test_what_ghosts_tell_of_what_was_held_back_is_in_it(
    book: Book, alerted: Alerted, connection: Connection
) -> None:
    signal_id = book.signal(0.7)
    alerted.held(signal_id, "budget")
    assert road(book).closed == 0
    BatchWriter(connection).write([accepted("ghost_closed", closed(signal_id, rr_realized=2))])
    found = road(book)
    assert (found.closed, found.by_ghost, found.sum_r) == (1, 1, Decimal(2))
    card = book.card()
    assert card.feedback is not None
    assert any("n=1 closed, 1 by ghosts: cost 2.00 R" in line for line in feedback_lines(card.feedback))


def test_holding_back_coins_that_move_as_one_settles_less(book: Book, alerted: Alerted) -> None:
    """Seven bets of five coins each, nearly all lost: 35 independent ones would settle it, seven do not."""
    for bet in range(7):
        for coin in ("BTC", "ETH", "SOL", "AVAX", "XRP"):
            signal_id = book.signal(0.7, at=at(bet), symbol=coin)
            book.close(signal_id, 2 if bet in (0, 1) else -1)
            alerted.held(signal_id, "budget")
    found = road(book)
    assert found.closed == 35
    assert found.counts_as == pytest.approx(7)
    assert found.expectancy is not None
    assert held_kind(found.closed, found.expectancy) is Kind.NOT_ENOUGH_DATA
    assert "n=35, counts as 7 closed" in said(compose(book.card()))


@pytest.mark.parametrize(
    ("waited_ms", "name"), [(0, "<1 min"), (59_999, "<1 min"), (60_000, "1-5 min"), (3_600_000, "60+ min")]
)
def test_a_wait_lies_in_its_bin(book: Book, waited_ms: int, name: str) -> None:
    signal_id = book.signal(0.7)
    book.trigger(signal_id, waited_ms)
    book.close(signal_id, 1)
    assert [(one.name, one.n, one.wins) for one in book.card().delays] == [(name, 1, 1)]


def test_the_delay_curve_by_hand(book: Book) -> None:
    for n, (waited_s, rr) in enumerate([(10, 2), (20, 1), (400, -1), (500, -2), (4000, 3)]):
        signal_id = book.signal(0.7, at=at(n))
        book.trigger(signal_id, waited_s * 1000)
        book.close(signal_id, rr)
    book.close(book.signal(0.7), 5)
    found = book.card().delays
    assert [(one.name, one.n, one.expectancy.mean_r) for one in found] == [
        ("<1 min", 2, Decimal("1.5")),
        ("5-15 min", 2, Decimal("-1.5")),
        ("60+ min", 1, Decimal(3)),
    ]
    # t(1; 0.975) = 12.706 times a standard error of 0.5
    assert found[0].expectancy.interval_r == pytest.approx((1.5 - 6.3531, 1.5 + 6.3531), abs=1e-3)
    assert "Entry after 5-15 min: -1.500 R (-7.85 … +4.85), n=2" in said(compose(book.card()))
