"""Figures from any numbers that the contract accepts, however tiny or long, and how they are said. Pure."""

from __future__ import annotations

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from fractions import Fraction

#: Adds and moves the point without ever rounding. Never divide in it: a quotient would fill the memory.
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
#: A figure of more digits than this before its point says nothing to a reader.
_LARGEST_SAID = 10**9
#: A weight is said as it was sent if it is no longer than this.
_LONGEST_CHARS = 12


def rounded(value: Fraction, places: int = 3) -> Decimal:
    """An exact value to so many decimals, halves away from zero, whatever its size."""
    scaled = Fraction(abs(value) * 10**places)
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return EXACT.scaleb(Decimal(-whole if value < 0 else whole), -places)


def ratio(part: Decimal | int | None, whole: Decimal | int | None) -> Decimal | None:
    """`part / whole` to three decimals; None when there is nothing to divide by."""
    if not whole or part is None:
        return None
    return rounded(Fraction(part) / Fraction(whole))


def say(value: Decimal | float | None, form: str) -> str:
    """A figure in a format such as `+.2f`; `-` for one that is missing or too large to be read."""
    if value is None or not -_LARGEST_SAID < value < _LARGEST_SAID:
        return "-"
    return format(value, form)


def say_weight(value: Decimal) -> str:
    """A weight as it was sent; a very long one to six digits."""
    text = str(value)
    return text if len(text) <= _LONGEST_CHARS else f"{value:.6g}"
