"""By which rules orders are followed. As they stand here, everything is the exact arithmetic of prices."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

_ZERO, _ONE = Decimal(0), Decimal(1)
#: Basis points of a whole.
_WHOLE_BPS = 10_000


class Rules(Struct, frozen=True, gc=False, omit_defaults=True):
    """touch: a limit is filled where the bar touches its price (else it must trade through it).
    tp1_fraction: of the size, closed at the first of two targets. break_even: then the stop moves to the fill.
    trail_r: then the stop follows the best price at this distance, in R. The three costs in basis points of the price.
    funding: whether it is paid. limit_volume: no bar fills more than it traded. Raises ValueError.
    """

    touch: bool = False
    tp1_fraction: Decimal = Decimal("0.5")
    break_even: bool = False
    trail_r: Decimal | None = None
    taker_bps: Decimal = _ZERO
    maker_bps: Decimal = _ZERO
    slippage_bps: Decimal = _ZERO
    funding: bool = False
    limit_volume: bool = False

    def __post_init__(self) -> None:
        if not _ZERO < self.tp1_fraction <= _ONE:
            raise ValueError(f"tp1_fraction must be above 0 and at most 1, got {self.tp1_fraction}")
        if self.trail_r is not None and not (self.trail_r.is_finite() and self.trail_r > 0):
            raise ValueError(f"trail_r must be above 0, got {self.trail_r}")
        for name in ("taker_bps", "maker_bps", "slippage_bps"):
            if not _ZERO <= getattr(self, name) < _WHOLE_BPS:
                raise ValueError(f"{name} must be 0 or more, and below 10000, got {getattr(self, name)}")
