"""What one trade risks: the base that /risk has set, the equity of there or of the settings."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from desk.answers.reading import Reading
from desk.settings import DeskSettings

#: Until /risk says another one.
BASE_PCT = Decimal("1.0")
_PERCENT = Decimal(100)


class Risk(Struct, frozen=True):
    """In percent of the equity, and in dollars, if the equity is known."""

    base_pct: Decimal
    equity: Decimal | None

    @property
    def usd(self) -> Decimal | None:
        """What 1 R is worth at the base."""
        return None if self.equity is None else self.equity * self.base_pct / _PERCENT


def read_risk(read: Reading, desk: DeskSettings) -> Risk:
    """What is set now."""
    row = read.row("risk") or {}
    return Risk(row.get("base_risk_pct") or BASE_PCT, row.get("equity") or desk.equity_usd)
