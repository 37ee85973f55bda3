"""Arithmetic that rounds nothing, and the one rounding at its end."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

#: Prices have at most 1,100 digits; of their own, so that nobody else's settings of this thread change a figure.
_EXACT = Context(prec=8_000)
#: What is told has so many significant digits.
_TOLD = Context(prec=12, rounding=ROUND_HALF_EVEN)
plus, minus, times = _EXACT.add, _EXACT.subtract, _EXACT.multiply
ZERO, ONE = Decimal(0), Decimal(1)
_ONE_BP = Decimal("0.0001")


def told(value: Decimal, unit: Decimal = ONE) -> Decimal:
    """So many units, to 12 significant digits, half to even, without zeros at the end."""
    return Decimal(f"{_TOLD.divide(value, unit).normalize(_TOLD):f}")


def of_bps(price: Decimal, bps: Decimal) -> Decimal:
    """So many basis points of a price, without its sign."""
    return times(times(price.copy_abs(), bps), _ONE_BP)
