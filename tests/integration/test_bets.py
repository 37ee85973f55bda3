"""Five coins that turn at once count as one bet: in the bins, the figures, the verdict, the message and the page."""

from __future__ import annotations

import json

import pytest

from reports.text.message import compose
from tests.integration.conftest import Runner
from tests.support.book import W03, Book
from tests.support.said import said

COINS = ("BTC", "ETH", "SOL", "AVAX", "XRP")
SCORES = ("0.55", "0.65", "0.75", "0.85")


def move(
    book: Book, hour: int, rr: int, score: str, coins: tuple[str, ...] = COINS, side: str = "long"
) -> None:
    """Signals of one side within one hour, all with the same end."""
    for minute, coin in enumerate(coins):
        at = f"2022-01-{17 + hour // 24}T{hour % 24:02d}:{minute * 10:02d}:00"
        scenarios = {"primary": {"side": side}}
        book.close(book.signal(score, at=at, symbol=coin, scenarios=scenarios), rr)


def test_coins_that_turn_at_once_count_as_one(book: Book) -> None:
    for hour in range(40):
        move(book, hour, 2 if hour % 3 else -1, SCORES[hour % 4])
    card = book.card()
    assert card.alike == pytest.approx(1)
    assert [one.n for one in card.bins[1:]] == [50] * 4
    assert [one.known for one in card.bins[1:]] == pytest.approx([10] * 4)
    assert card.figures.counts_as == pytest.approx(40)
    assert [one.n for one in card.pooled_bins[1:]] == pytest.approx([10] * 4)
    low, high = card.bins[1].interval
    assert high - low > 0.45, "as wide as of ten"
    assert all(one.counts_as == pytest.approx(40) for one in card.figures.groups if one.kind == "symbol")
    text = said(compose(card))
    assert "• 0.50-0.59: n=50, counts as 10, winrate=" in text
    assert "n=200, counts as 40" in text


def test_one_coin_or_both_sides_count_each(book: Book) -> None:
    for hour in range(20):
        rr = 2 if hour % 3 else -1
        move(book, hour, rr, "0.75", ("BTC",))
        move(book, hour, -rr if rr > 0 else 2, "0.75", ("ETH",), side="short")
    top = book.card().bins[3]
    assert (top.n, top.known) == (40, 40)
    assert "counts as" not in said(compose(book.card()))


def test_the_same_in_the_terminal_and_as_json(book: Book, runner: Runner) -> None:
    for hour in range(40):
        move(book, hour, 2 if hour % 3 else -1, SCORES[hour % 4])
    code, out, err = runner.run("reports", "scorecard", "--week", W03.name)
    assert code == 0, err
    assert "counts as" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    told = json.loads(runner.run("reports", "scorecard", "--week", W03.name, "--json")[1])
    assert told["bins"]["0.80+"]["counts_as"] == pytest.approx(10)
