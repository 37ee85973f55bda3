"""Arithmetic that rounds nothing, and the one rounding at its end."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

#: Prices have at most 1,100 digits; of their own, so that nobody else's settings of this thread change a figure.
_EXACT = Context(prec=8_000)
#: What is told has so many significant digits.
_TOLD = Context(prec=12, rounding=ROUND_HALF_EVEN)
plus, minus, times = _EXACT.add, _EXACT.subtract, _EXACT.multiply
ZERO, ONE = Decimal(0), Decimal(1)
_ONE_BP = Decimal("0.0001")


def told(value: Fraction) -> Decimal:
    """To 12 significant digits, half to even, without zeros at the end."""
    rounded = _TOLD.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Decimal(f"{rounded.normalize(_TOLD):f}")


def of_bps(price: Decimal, bps: Decimal) -> Decimal:
    """So many basis points of a price, without its sign."""
    return times(times(price.copy_abs(), bps), _ONE_BP)
