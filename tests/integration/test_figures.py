"""The figures beside the bins: what a signal was worth, costs, ties, and the sample for a manual check."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from reports.text.message import compose
from tests.integration.conftest import Runner
from tests.support.book import Book
from tests.support.said import said


def test_the_interval_of_the_expectancy_is_students_t(book: Book) -> None:
    for rr in (1, 2, 3):
        book.closed_signal(0.85, rr)
    expectancy = book.card().figures.expectancy
    assert expectancy is not None
    assert expectancy.interval_r is not None
    half = 4.302652729911275 / 3**0.5  # t(0.975; 2) times the standard error of 1, 2, 3
    assert expectancy.interval_r == pytest.approx((2 - half, 2 + half))
    told = "Expectancy: +2.000 R (-0.48 … +4.48) Realised +2.000 R of a mean target of 1.900 R"
    assert told in said(compose(book.card()))


def test_a_week_without_a_closed_signal_says_only_what_it_knows(book: Book) -> None:
    book.invalidate(book.signal(0.85), "expiry")
    text = said(compose(book.card()))
    assert "Expectancy" not in text
    assert "Triggered 0.0%, expired 100.0%" in text
    assert "Verdict (8 weeks): ⏳ NOT ENOUGH DATA" in text


def test_the_qa_sample_is_spread_over_the_bins_and_the_same_for_everybody(
    book: Book, runner: Runner, tmp_path: Path
) -> None:
    with book.at_once():
        for number in range(60):
            book.closed_signal(0.85, 1, symbol="=cmd()" if number == 0 else f"S{number}")
        for _ in range(3):
            book.closed_signal(0.55, -1)
    drawn = []
    for folder in ("a", "b"):
        command = ("reports", "qa", "--week", "2022-W03", "--size", "20", "--out", str(tmp_path / folder))
        code, out, err = runner.run(*command)
        assert code == 0, err
        assert out.startswith("drew 20 signal(s) of 2022-W03")
        drawn.append((tmp_path / folder / "qa-2022-W03.csv").read_text())
    assert drawn[0] == drawn[1]
    sample = json.loads((tmp_path / "a" / "qa-2022-W03.json").read_text())
    assert [row["bin"] for row in sample] == ["0.50-0.59"] * 3 + ["0.80+"] * 17, "a thin bin is taken whole"
    code, out, _ = runner.run("reports", "qa", "--week", "2022-W03", "--out", str(tmp_path / "all"))
    assert out.startswith("drew 63 signal(s)")
    table = (tmp_path / "all" / "qa-2022-W03.csv").read_text()
    assert "'=cmd()" in table
    assert "2022-01-18 10:00:00+07:00" in table


def test_break_even_and_net_outcome_of_a_round_trip(book: Book) -> None:
    """A 0.35 % stop at 0.10 % costs 0.29 R, which moves break-even at RR 1.9 from 34 % to 44 %."""
    for rr in (Decimal("1.9"), -1):
        book.closed_signal(0.85, rr, entry=100, sl=Decimal("99.65"))
    top = book.card().bins[-1]
    assert top.break_even == Decimal("0.443")
    assert (top.n_net, top.wins_net, top.net_r) == (2, 1, Decimal("0.164"))
    text = said(compose(book.card()))
    assert "break-even 0.443, net winrate=0.500, +0.164 R" in text
    assert "net +0.164 R, profit factor" in text
    assert book.card().bins[0].break_even is None


def test_fees_as_sent_win_over_the_estimate_and_unknown_costs_are_not_invented(book: Book) -> None:
    signal_id = book.signal(0.85, entry=100, sl=99)
    book.close(signal_id, Decimal("0.2"), fees_r=Decimal("0.3"))
    book.closed_signal(0.85, 1)
    top = book.card().bins[-1]
    assert (top.n, top.wins, top.n_net, top.wins_net, top.net_r) == (2, 2, 1, 0, Decimal("-0.100"))


def test_ties_make_the_winrate_a_range_and_a_verdict_must_hold_at_both_ends(book: Book) -> None:
    def fill(score: float, wins: int, ties: int, losses: int) -> None:
        with book.at_once():
            for number in range(wins + ties + losses):
                signal_id = book.signal(score)
                best = Decimal("1.9") if wins <= number < wins + ties else None
                book.close(signal_id, 1 if number < wins else -1, rr_best=best)

    fill(0.55, 30, 30, 20)
    fill(0.85, 55, 0, 25)
    card = book.card()
    assert "• 0.50-0.59: n=80, winrate=0.375–0.750" in said(compose(card))
    assert card.verdict.kind == "NOT ENOUGH DATA", "OK with the stop first, not with the target first"
