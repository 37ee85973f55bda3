"""Values and errors of an engine as short texts: bounded in time and size, and safe whatever they do when asked.

No `repr` of a foreign class is called: it may raise, ask a database, or write megabytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any
from uuid import UUID

_SHOWN_CHARS = 80
#: What a sketch holds at most: so many values, each text so long, so deep.
_MAX_VALUES, _MAX_CHARS, _MAX_DEPTH = 500, 1000, 8
_MAX_BITS = 1024
#: Their own `repr` is short and does nothing else (but for what a time's zone does).
_HARMLESS = frozenset((bool, float, Decimal, datetime, date, time, timedelta, UUID, type(None)))


def show(value: Any, chars: int = _SHOWN_CHARS) -> str:
    """A value as it stands in a message: cut where it is long."""
    try:
        shown = "".join(_pieces(value, chars))
    except Exception:  # noqa: BLE001 - a class that does not even tell what it is
        return "<a value that cannot be shown>"
    return shown if len(shown) <= chars else shown[: chars - 1] + "…"


def describe(error: BaseException) -> str:
    """What an error says in one piece, or its class where it says nothing."""
    try:
        said = str(error)
        return said[:_MAX_CHARS] if type(said) is str and said else type(error).__name__
    except Exception:  # noqa: BLE001 - an error of the engine's own making, with a __str__ that raises
        return type(error).__name__


def sketch(value: Any) -> Any:
    """A value as JSON can hold it, cut to some hundred values: faithful where the value is plain and small."""
    return _sketch(value, iter(range(_MAX_VALUES)), _MAX_DEPTH)


def _pieces(value: Any, chars: int) -> Iterator[str]:
    """The repr of a value in pieces, until they are longer than `chars`."""
    brackets = _BRACKETS.get(type(value))
    if brackets is None or chars <= 0:
        yield _scalar(value, max(chars, 1))
        return
    yield brackets[0]
    left = chars
    for index, item in enumerate(_items(value, chars)):
        if left <= 0:
            return
        piece = f", {item}" if index else item
        left -= len(piece)
        yield piece
    yield brackets[1]


def _items(value: Any, chars: int) -> Iterator[str]:
    if type(value) is dict:
        return (f"{show(key, chars)}: {show(each, chars)}" for key, each in value.items())
    return (show(each, chars) for each in value)


_BRACKETS: dict[type, str] = {list: "[]", tuple: "()", dict: "{}"}


def _scalar(value: Any, chars: int) -> str:
    kind = type(value)
    shown = f"<{kind.__name__}>"
    if kind in _HARMLESS:
        shown = repr(value)
    elif isinstance(value, Enum):
        shown = f"{kind.__name__}.{value.name}"
    elif isinstance(value, str):
        shown = repr(str.__getitem__(value, slice(0, chars)))
    elif isinstance(value, (bytes, bytearray)):
        shown = repr(bytes(memoryview(value)[:chars]))
    elif isinstance(value, int):
        bits = int.bit_length(value)
        shown = int.__repr__(value) if bits <= _MAX_BITS else f"<a number of {bits} bits>"
    elif isinstance(value, float):
        shown = float.__repr__(value)
    return shown


def _sketch(value: Any, budget: Iterator[int], depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool or (kind is float and math.isfinite(value)):
        return value
    if kind is int and int.bit_length(value) < 64:
        return value
    if kind is str:
        return value if len(value) <= _MAX_CHARS and value.isascii() else _as_text(value)
    if isinstance(value, dict) and depth:
        items = islice(dict.items(value), _MAX_VALUES)
        return {_key(key): _sketch(each, budget, depth - 1) for key, each in items if _take(budget)}
    if isinstance(value, (list, tuple)) and depth:
        base = list if isinstance(value, list) else tuple
        items = islice(base.__iter__(value), _MAX_VALUES)  # type: ignore[arg-type]
        return [_sketch(each, budget, depth - 1) for each in items if _take(budget)]
    return _as_text(value) if isinstance(value, str) else show(value, _MAX_CHARS)


def _take(budget: Iterator[int]) -> bool:
    return next(budget, None) is not None


def _key(key: Any) -> str:
    return _as_text(key) if isinstance(key, str) else show(key)


def _as_text(value: str) -> str:
    cut = str.__getitem__(value, slice(0, _MAX_CHARS))
    return str.encode(cut, "utf-8", "backslashreplace").decode()
