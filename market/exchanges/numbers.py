"""Numbers as exchanges send them: text, mostly. What is no number, or no sane one, is told apart here. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from market.exchanges.errors import Unreadable
from signaltape.showing import show

NAN = Decimal("NaN")
#: No price and no quantity of any market has more digits or lies beyond these powers of ten.
_MOST_CHARS, _MOST_POWER = 40, 20
_LAST_MS = 7_258_118_400_000  # the year 2200


def decimal_of(given: object) -> Decimal:
    """What was sent, to the digit; NaN for what is no finite number of a sane size. Never raises.

    Ask `is_nan()` before comparing: `<` and `>` raise for a decimal NaN.
    """
    if isinstance(given, str) and 0 < len(given) <= _MOST_CHARS:
        try:
            return _sane(Decimal(given))
        except InvalidOperation:
            return NAN
    if isinstance(given, Decimal):
        return _sane(given)
    return Decimal(given) if type(given) is int and abs(given) < 10**_MOST_POWER else NAN


def _sane(number: Decimal) -> Decimal:
    digits = len(number.as_tuple().digits)
    if number.is_finite() and digits <= _MOST_CHARS and abs(number.adjusted()) <= _MOST_POWER:
        return number
    return NAN


def price_of(given: object) -> Decimal:
    """A price or quantity: finite and above 0. Raises Unreadable."""
    number = decimal_of(given)
    if number.is_nan() or number <= 0:
        raise Unreadable(f"{show(given)} is no price and no quantity")
    return number


def volume_of(given: object) -> Decimal:
    """As `price_of`, and 0 is one too: a minute in which nobody traded."""
    number = decimal_of(given)
    if number.is_nan() or number < 0:
        raise Unreadable(f"{show(given)} is no volume")
    return number


def side_of(given: object) -> Decimal | None:
    """A price of the book; None where that side is empty, which some send as nothing and some as 0."""
    if given in (None, "") or decimal_of(given) == 0:
        return None
    return price_of(given)


def micros_of(given: object) -> int:
    """Milliseconds since 1970, as text or number, in microseconds. Raises Unreadable."""
    number = decimal_of(given)
    if number.is_nan() or not 0 < number <= _LAST_MS:
        raise Unreadable(f"{show(given)} is no time in milliseconds")
    return int(number * 1000)
