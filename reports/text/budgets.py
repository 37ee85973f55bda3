"""What is left of error budgets, in sentences: for the terminal and the message alike. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from outbox.cleaning import clean
from outbox.lines import one_line
from reports.budgets import ErrorBudget

TITLE = "Error budget, 30 days"
#: So many are told, and of a subject's name so much.
_MOST_TOLD, _MOST_NAME = 6, 60


def budget_lines(found: Sequence[ErrorBudget]) -> list[str]:
    """One line each; nothing if there never was a guard."""
    lines = [budget_line(one) for one in found[:_MOST_TOLD]]
    more = len(found) - len(lines)
    return [*lines, *([f"{more} more: python -m guard budget"] if more else [])]


def budget_line(one: ErrorBudget) -> str:
    """`70 % left: 99 % without errors, all of ib-1 (300 of 1,000 that may be bad)`; overspent it says by how much."""
    who = f", {one_line(clean(one.subject), _MOST_NAME)}" if one.subject else ""
    said = f"{one_line(clean(one.says), _MOST_NAME)}{who}"
    if one.left is None or one.allowed is None:
        return f"Not known: {said}, for nothing was measured"
    left = f"{100 * one.left:.0f} % left" if one.left >= 0 else f"Overspent to {100 * (1 - one.left):.0f} %"
    return f"{left}: {said} ({one.bad:,} of {one.allowed:,.0f} that may be bad)"
