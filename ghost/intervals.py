"""How long a bar is, by the name of its interval: 1s, 5m, 1h, 1D."""

from __future__ import annotations

import re
from functools import lru_cache

SECOND_US = 1_000_000
_UNITS_US = {
    "s": SECOND_US,
    "m": 60 * SECOND_US,
    "h": 3_600 * SECOND_US,
    "d": 86_400 * SECOND_US,
    "w": 604_800 * SECOND_US,
}
_NAME = re.compile(r"([1-9][0-9]{0,4})(?:(s|sec)|(m|min)|(h|H)|(d|D)|(w|W))")


@lru_cache(maxsize=256)
def length_us(name: str) -> int | None:
    """The length in microseconds; None of what is no such name (a month, say, has no one length)."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    unit = next(sign for sign, given in zip(_UNITS_US, found.groups()[1:], strict=True) if given)
    return int(found[1]) * _UNITS_US[unit]
