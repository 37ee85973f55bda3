"""Bytes from anywhere as a text that does nothing: what is no text, or cannot be seen, is written out. Pure."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

#: More is not shown on a page; the rest can be had as a file.
MOST_SHOWN = 20_000
#: Control and format characters (also those that turn the direction of writing), unpaired halves, private use.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_KEPT = "\n\t"


class Shown(NamedTuple):
    """A text, and how many bytes it leaves out."""

    text: str
    left_out: int


def shown(raw: bytes, most: int = MOST_SHOWN) -> Shown:
    """The first bytes as a text; a byte that is no text as \\xff, a character that cannot be seen as \\u202e."""
    return Shown(visible(raw[:most].decode("utf-8", "backslashreplace")), max(0, len(raw) - most))


def visible(text: str) -> str:
    """A text with all that cannot be seen written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def brief(text: str, most: int = 60) -> str:
    """The same, cut where it is long."""
    return visible(text if len(text) <= most else f"{text[: most - 1]}…")


def _visible(sign: str) -> str:
    if sign in _KEPT or unicodedata.category(sign) not in _UNSEEN:
        return sign
    number = ord(sign)
    return (
        f"\\x{number:02x}"
        if number < 0x100
        else f"\\u{number:04x}"
        if number < 0x10000
        else f"\\U{number:08x}"
    )
