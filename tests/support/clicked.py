"""What clicks on alerts say, for tests of how it is told: made of counts, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from reports.evidence.contrast import Contrast, Week, contrast
from reports.feedback.found import Feedback, HeldBack, Setup, Side
from reports.figures import expectancy

NOBODY = contrast([Week(0, 0, 0, 0)])


def between(yes: tuple[int, int], no: tuple[int, int]) -> Contrast:
    """Wins and closed of either side, all in one week."""
    return contrast([Week(*yes, *no)])


def held(reason: str, n: int, outcomes: Sequence[str]) -> HeldBack:
    """So many held back for a reason, of which those with an outcome closed."""
    r = [Decimal(one) for one in outcomes]
    worth = expectancy(len(r), sum(r), sum(one * one for one in r)) if r else None  # type: ignore[arg-type]
    return HeldBack(reason, n, len(r), sum(one > 0 for one in r), sum(r, Decimal(0)) if r else None, worth)


def setup(name: str, closed: int, wins: int, *sides: tuple[int, int]) -> Setup:
    """A setup; sides: closed and wins with 👍, 👎, took, skipped, none if left out."""
    told = [Side(*one) for one in sides]
    return Setup(name, closed, wins, *told, *[Side(0, 0)] * (4 - len(told)))


def feedback(
    thumb: Contrast = NOBODY,
    took: Contrast = NOBODY,
    setups: Sequence[Setup] = (),
    held_back: Sequence[HeldBack] = (),
    *,
    sent: int = 85,
    clicked: int = 35,
    late: int = 0,
) -> Feedback:
    return Feedback(sent, clicked, thumb, took, list(setups), list(held_back), late)


#: Much to tell.
MUCH = feedback(
    between((14, 24), (8, 18)),
    between((30, 40), (10, 40)),
    [
        setup("trend_pullback", 41, 23, (8, 5), (4, 1), (5, 3), (2, 1)),
        setup("liquidity_sweep", 12, 4, (0, 0), (3, 1)),
        setup("range_fade", 3, 3),
    ],
    [
        held("budget", 12, ["-1", "-1", "-0.8", "-1", "-0.9", "-1"]),
        held("min_rr", 5, ["1.2", "-1", "0.4"]),
        held("snoozed", 2, []),
    ],
    late=3,
)
#: What no phone has room for.
LONG = feedback(
    between((10**9, 2 * 10**9), (1, 9)),
    between((0, 5), (5, 5)),
    [setup("W" * 128, 10**9, 10**8, (10**9, 10**8))] * 20,
    [held("<b>" * 40, 10**12, ["1e30", "-1e30", "1e-30"])] * 20,
    sent=10**12,
    clicked=1,
    late=10**12,
)
