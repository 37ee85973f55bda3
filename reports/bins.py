"""The bins of the confluence score: lower edges inclusive, on the exact score."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal

LABELS = ("<0.50", "0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+")
#: The lower edge of every bin but the first.
EDGES = (Decimal("0.5"), Decimal("0.6"), Decimal("0.7"), Decimal("0.8"))


def bin_of(score: Decimal) -> int:
    """The number of the bin that holds a score, 0 to 4."""
    return bisect_right(EDGES, score)
