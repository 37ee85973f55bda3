"""How much an event may hold: what Postgres can store, and what nobody sends on purpose.

The engine's emit and the worker ask the same functions, so what one end accepts the other accepts too. Ordinary events
are passed by cheap tests over their bytes (`needs_a_look`); only what these find odd is taken apart (`inspect`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from signaltape.contract.walking import walk
from signaltape.errors import InvalidEvent
from signaltape.showing import show

#: The largest event, as it is sent and again with its numbers written out. A signal is some hundred bytes.
MAX_EVENT_BYTES = 1024 * 1024
#: Digits of a number that is written out in full, without exponent. Every double has fewer, even to the last digit of
#: its exact value (5e-324 has 1,075), and Postgres' NUMERIC holds far more (131,072 before the point, 16,383 behind).
MAX_DIGITS = 1100
#: Objects and lists within one another. Python reads about 900 of them, Postgres some thousand.
MAX_DEPTH = 500

#: Valid JSON that no Postgres text can hold.
NUL = b"\\u0000"
#: Stands before every NUL, and is looked for first: finding one byte is far quicker than finding six.
BACKSLASH = ord("\\")

_BEYOND = Decimal("Infinity")
#: An event up to this size is neither nested too deeply, nor holds a number that is too long but for its exponent.
SMALL_BYTES = 1000
#: A number of more than MAX_DIGITS has an exponent of three digits, or (with one of two) more than 1,000 digits of its
#: own: so many of them stand together on one side of its point.
_RUN = b"0" * 500
#: Below this size no numbers, written out, come to MAX_EVENT_BYTES: each takes four bytes, its comma included.
_GROWING_BYTES = 4 * MAX_EVENT_BYTES // MAX_DIGITS
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789E", b"000000000e")
# The letter comes first, and what stands before it is looked at from there: so the search runs from letter to letter.
# What stands behind it comes last: it tells most of the digits of an id from a number.
_SMALL_E = re.compile(rb"e[0-9+-](?<=[0-9.:,\[\s-][0-9]e.)[0-9]{2}(?:(?<=[0-9]{3})|[0-9])[0-9]*(?=[,}\]\s])")
_LARGE_E = re.compile(rb"E[0-9+-](?<=[0-9.:,\[\s-][0-9]E.)[0-9]{2}(?:(?<=[0-9]{3})|[0-9])[0-9]*(?=[,}\]\s])")
_DIGITS_AND_POINT = b"0123456789."
_MINUS = ord("-")
#: How a Decimal writes its exponent. Floats write theirs with a small e, and never have too many digits.
_find_decimal_exponent = re.compile(rb"E[+-]\d").search
_E = ord("E")
#: What may stand before a number (a minus aside): so that the hexadecimal digits of an id are none.
_BEFORE_A_NUMBER = b":,[ \t\r\n"
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
#: After so many rounds of taking away empty brackets an ordinary event has none left.
_ROUNDS = 16


def needs_a_look(data: bytes) -> bool:
    """Whether an event (valid JSON) may hold a number with too many digits, or be too deep or too large."""
    return has_long_exponent(data) or (len(data) > SMALL_BYTES and (_has_long_run(data) or _is_bulky(data)))


def written_oddly(data: bytes) -> bool:
    """The same, quicker, for an event that was just written from Python's numbers."""
    if len(data) > SMALL_BYTES:
        return needs_a_look(data)
    return _E in data and _find_decimal_exponent(data) is not None


def has_long_exponent(data: bytes) -> bool:
    """Whether JSON may hold a number with an exponent of three digits or more."""
    if _SMALL_E.search(data) is not None and _is_of_a_number(data, _SMALL_E):
        return True
    return _E in data and _LARGE_E.search(data) is not None and _is_of_a_number(data, _LARGE_E)


def _is_of_a_number(data: bytes, exponent: re.Pattern[bytes]) -> bool:
    """Whether one of these exponents stands behind what begins a value: the digits of an id do not."""
    for found in exponent.finditer(data):
        before = found.start() - 1
        while before > 0 and data[before] in _DIGITS_AND_POINT:
            before -= 1
        if data[before] == _MINUS:
            before -= 1
        if data[before] in _BEFORE_A_NUMBER:
            return True
    return False


def _has_long_run(data: bytes) -> bool:
    return _RUN in data.translate(_DIGITS_TO_ZERO)


def _is_bulky(data: bytes) -> bool:
    """Whether an event may be nested too deeply, or too large once its numbers are written out."""
    if len(data) > _GROWING_BYTES:
        exponents = data.translate(_DIGITS_TO_ZERO).count(b"0e")
        if len(data) + exponents * MAX_DIGITS > MAX_EVENT_BYTES:
            return True
    return data.count(b"[") + data.count(b"{") > MAX_DEPTH and _may_be_deep(data)


def _may_be_deep(data: bytes) -> bool:
    brackets = data.translate(None, _NO_BRACKETS)
    for _ in range(_ROUNDS):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(brackets) <= MAX_DEPTH:
            return False
    return True


def inspect(data: bytes) -> None:
    """Take an event (valid JSON) apart and hold it against every bound. Raises InvalidEvent, naming the place."""
    size = len(data)
    for path, depth, value in walk(read_plainly(data)):
        if depth > MAX_DEPTH:
            raise too_deep()
        if isinstance(value, str) and "\0" in value:
            raise InvalidEvent(f"a text must not contain the NUL character, got {show(value)}")
        if isinstance(value, Decimal):
            check_digits(path, value)
            size += max(0, written_out(value) - len(str(value)))
        elif isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
            raise too_long(path)
    if size > MAX_EVENT_BYTES:
        raise InvalidEvent(f"data must be at most {MAX_EVENT_BYTES} bytes with its numbers written out")


def check_digits(field: str, value: Decimal) -> None:
    """Raise InvalidEvent for a number with more digits than MAX_DIGITS."""
    text = str(value)
    if len(text) <= MAX_DIGITS and "E" not in text and value is not _BEYOND:
        return  # far quicker than to count them
    if value is _BEYOND or (value.is_finite() and written_out(value) > MAX_DIGITS):
        raise too_long(field)


def written_out(value: Decimal) -> int:
    """How many digits a finite number has, before and behind the point, when it is written without exponent."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(1, value.adjusted() + 1) + max(0, -exponent)


def too_long(field: str) -> InvalidEvent:
    """The refusal of a number with too many digits."""
    return InvalidEvent(
        f"{field} must be a number of at most {MAX_DIGITS} digits, written out without exponent"
    )


def too_deep() -> InvalidEvent:
    """The refusal of an event that is nested too deeply."""
    return InvalidEvent(
        f"data must not be nested so deeply (at most {MAX_DEPTH} objects and lists in one another)"
    )


def read_plainly(data: bytes) -> Any:
    """What JSON holds as plain Python, numbers with a point or an exponent as Decimal. Raises InvalidEvent."""
    try:
        return _PLAIN.decode(data)
    except RecursionError:
        raise too_deep() from None
    except msgspec.ValidationError:  # Python reads no whole number of more than 4,300 digits
        raise too_long("a whole number") from None


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:  # an exponent beyond that of any Decimal
        return _BEYOND


_PLAIN = msgspec.json.Decoder(float_hook=_number)
