"""Which symbol a word means, and how a button names one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from desk.alerts.coins import coin_of, hash_of

#: A symbol stands in a button as it is if it takes no more bytes: a button has 64, and some name a place in a list too.
_MOST_BYTES = 16
_MARK = "#"
_HASH_DIGITS = 12
_NO_ARGUMENT = re.compile(r"\s|^#|^$|^-$")


def meant(word: str, symbols: Sequence[str]) -> list[str]:
    """The symbols that a word means: the one written so, else those whatever their case, of a button, or of a coin."""
    upper = word.upper()
    ways = (
        [one for one in symbols if one == word],
        [one for one in symbols if one.upper() == upper],
        [one for one in symbols if word.startswith(_MARK) and in_button(one) == word],
        [one for one in symbols if coin_of(one) == upper],
    )
    return next((found for found in ways if found), [])


def in_button(symbol: str) -> str:
    """A symbol as the argument of a button: itself if it is short and one word, else a hash that `meant` knows."""
    plain = symbol.isprintable() and not _NO_ARGUMENT.search(symbol)
    if plain and len(symbol.encode("utf-8", "surrogatepass")) <= _MOST_BYTES:
        return symbol
    return _MARK + hash_of(symbol)[:_HASH_DIGITS]
