"""What a report says of error budgets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outbox.lines import QUOTED
from reports.budgets import ErrorBudget
from reports.text.budgets import budget_line, budget_lines
from reports.text.message import Topic, _unfolded


def budget(good: int | None, bad: int | None, **more: Any) -> ErrorBudget:
    given: dict[str, Any] = {
        "rule": "error-budget",
        "says": "99 % without errors",
        "objective": Decimal(99),
        "subject": "all of ib-1",
    }
    return ErrorBudget(**given | more, good=good, bad=bad)


def test_it_says_what_is_left_and_of_how_many() -> None:
    assert budget_line(budget(99_700, 300)) == (
        "70 % left: 99 % without errors, all of ib-1 (300 of 1,000 that may be bad)"
    )


def test_overspent_it_says_by_how_much() -> None:
    assert "Overspent to 250 %" in budget_line(budget(97_500, 2_500))


def test_nothing_measured_is_no_perfect_score() -> None:
    line = budget_line(budget(None, None, subject=None))
    assert line == "Not known: 99 % without errors, for nothing was measured"
    assert "Not known" in budget_line(budget(0, 0))


def test_without_a_guard_there_is_nothing_to_say() -> None:
    assert budget_lines([]) == []


def test_of_many_a_few_are_told() -> None:
    lines = budget_lines([budget(99, 1)] * 20)
    assert (len(lines), lines[-1]) == (7, "14 more: python -m guard budget")


@given(st.text(max_size=300), st.integers(0, 10**15), st.integers(0, 10**15))
def test_whatever_a_subject_is_called_its_lines_fit_a_quote(subject: str, good: int, bad: int) -> None:
    lines = _unfolded(Topic("Error budget", [budget_line(budget(good, bad, subject=subject))])).text.split(
        "\n"
    )
    words = {word for line in lines for word in line.split() if len(word) > QUOTED - 3}
    assert all(len(line) <= QUOTED or any(word in line for word in words) for line in lines)
