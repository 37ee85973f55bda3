"""Signals that are one bet: coins move together, so five of one hour and side know less than five of five hours. Pure.

A bet is all signals of one side that were published in one hour. How alike outcomes within a bet are is their
intraclass correlation, estimated from the tape itself (analysis of variance: Donner, "A Review of Inference Procedures
for the Intraclass Correlation Coefficient", International Statistical Review 54, 1986). n signals then know as much as
n / d independent ones, with the design effect d = 1 + (m − 1) ρ, m the mean size of a bet as its signals see it (Kish,
"Survey Sampling", 1965); and tests of counts hold if wins and n are both divided by it (Rao & Scott, "A Simple Method
for the Analysis of Clustered Binary Data", Biometrics 48, 1992). It never makes a sample larger.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

#: Of fewer bets nobody knows how alike outcomes within one are.
FEWEST_BETS = 5


class Sums(NamedTuple):
    """What is needed of some outcomes y. squares: Σ m² over bets of m; total: Σ y; total_squares: Σ y²;
    between: Σ (Σ y of a bet)² / m. Exact, or floats: outcomes may be as tiny or large as they like."""

    n: int
    bets: int
    squares: float
    total: Decimal | float
    total_squares: Decimal | float
    between: Decimal | float


def correlation(of: Sums) -> float:
    """The intraclass correlation of the outcomes within a bet, 0 to 1; 0 where too few bets tell."""
    if of.bets < FEWEST_BETS or of.n <= of.bets:
        return 0.0
    total, squares, between = (Fraction(one) for one in (of.total, of.total_squares, of.between))
    among = (between - total * total / of.n) / (of.bets - 1)
    within = (squares - between) / (of.n - of.bets)
    size = (of.n - Fraction(of.squares) / of.n) / (of.bets - 1)
    scale = among + (size - 1) * within
    return min(1.0, max(0.0, float((among - within) / scale))) if scale > 0 else 0.0


def design_effect(n: float, squares: float, rho: float) -> float:
    """How many signals know as much as one alone, at least 1. squares: Σ m² over the bets of m that the n are."""
    return max(1.0, 1.0 + (squares / n - 1.0) * rho) if n else 1.0


def counts_as(n: float, squares: float, rho: float) -> float:
    """As how many independent ones n signals count."""
    return n / design_effect(n, squares, rho)
