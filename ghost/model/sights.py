"""A bar as it is to be taken: as the next one, or as one that adds to what finer bars have told."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ghost.model.bar import Bar


class Told(NamedTuple):
    """How far finer bars of the span went, and what they traded."""

    high: Decimal
    low: Decimal
    volume: Decimal


class Sight(NamedTuple):
    """told: what was known of the bar's span; None for a bar that is the first to tell of it."""

    bar: Bar
    told: Told | None = None

    @property
    def volume(self) -> Decimal:
        """What it traded that no bar before it has told of."""
        return self.bar.volume if self.told is None else max(Decimal(0), self.bar.volume - self.told.volume)
