"""Numbers as an alert says them: short, and never wider than a phone's line. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

#: Of a number no more digits than these are shown; the JSON has all of them.
_SHOWN_DIGITS = Context(prec=12, rounding=ROUND_HALF_EVEN)
_ROUNDED = Context(prec=40, rounding=ROUND_HALF_EVEN)
#: Below this a price is written with an exponent.
_LEAST_PLAIN = Decimal("1e-12")
_TENTH, _HUNDREDTH = Decimal("0.1"), Decimal("0.01")
#: Percent and R beyond this are a unit error, and no reader needs their digits.
_LARGEST_RATIO = Decimal(10_000)
MINUS = "−"


def number(value: Decimal) -> str:
    """A price or a ratio: `64,000`, `0.00001234`, `1.2E-15`; at most twelve digits, no zeros behind."""
    short = _SHOWN_DIGITS.plus(value)
    if short == 0:
        return "0"
    if abs(short) < _LEAST_PLAIN:
        return f"{short.normalize(_SHOWN_DIGITS):E}".replace("-", MINUS)
    text = f"{short:,f}".replace("-", MINUS)
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(value: Decimal, places: int = 1) -> str:
    """A ratio with its sign: `+2.2`, `−1.4`, `0.0`."""
    step = _TENTH if places == 1 else _HUNDREDTH
    if abs(value) > _LARGEST_RATIO:
        return f">{_LARGEST_RATIO:,}" if value > 0 else f"<{MINUS}{_LARGEST_RATIO:,}"
    rounded = _ROUNDED.quantize(value, step)
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else ""
    return f"{sign}{abs(rounded):,f}"


def percent_of(price: Decimal, entry: Decimal) -> Decimal:
    """How far a price lies from the entry, in percent of the entry."""
    return _ROUNDED.multiply(_ROUNDED.divide(_ROUNDED.subtract(price, entry), entry), Decimal(100))


def multiple_of(price: Decimal, entry: Decimal, sl: Decimal) -> Decimal | None:
    """How many R a price is away from the entry; None without a risk."""
    risk = _ROUNDED.subtract(entry, sl)
    return _ROUNDED.divide(_ROUNDED.subtract(price, entry), risk) if risk else None


def usd(amount: Decimal) -> str:
    """Money: `$143.00`, `$1,430.50`."""
    return f"${_ROUNDED.quantize(amount, _HUNDREDTH):,f}"
