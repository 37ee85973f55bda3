"""The state of one order."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from ghost.model.exact import minus
from ghost.model.plan import Plan
from ghost.model.result import Status
from ghost.model.rules import Rules
from ghost.model.views import signed
from ghost.model.world import World


class Order(Struct, kw_only=True, omit_defaults=True):
    """One plan under its rules.

    fill: signed. worse, better: the two orders of things; better is None as long as the tape leaves one only.
    leave_us: since when an open position is to be closed. bad_bars, late_bars: what it was not shown.
    """

    plan: Plan
    rules: Rules
    status: Status = "waiting"
    seq: int = 0
    filled_us: int | None = None
    fill: Decimal | None = None
    worse: World | None = None
    better: World | None = None
    leave_us: int | None = None
    ended_us: int | None = None
    bad_bars: int = 0
    late_bars: int = 0

    @property
    def worlds(self) -> tuple[World, ...]:
        """One or two; none before the fill."""
        return tuple(world for world in (self.worse, self.better) if world is not None)

    @property
    def stop(self) -> Decimal:
        """The plan's stop, signed."""
        return signed(self.plan.sl, self.plan.side)

    def next_seq(self) -> int:
        """The number of its next change."""
        self.seq += 1
        return self.seq

    @property
    def risk(self) -> Decimal:
        """From the fill to the plan's stop: 1 R, as a price."""
        assert self.fill is not None
        return minus(self.fill, self.stop)

    def size(self, fill: Decimal | None) -> Fraction | None:
        """How many units of the coin are worth the plan's risk between a fill and the stop."""
        if self.plan.risk_usd is None or fill is None:
            return None
        return Fraction(self.plan.risk_usd) / Fraction(minus(fill, self.stop))
