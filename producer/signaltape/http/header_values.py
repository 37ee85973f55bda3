"""Texts as values of headers: nothing in them ends a line or begins another header."""

from __future__ import annotations

#: A version that is longer says nothing more.
MOST_SIGNS = 100
NONE = "-"


def header_text(text: str | None) -> str:
    """A text from outside as the value of a header: printable ASCII, short; `-` for nothing."""
    shown = "".join(sign if " " <= sign <= "~" else "?" for sign in (text or NONE)[:MOST_SIGNS]).strip()
    return shown or NONE


def is_header_text(text: str) -> bool:
    """Whether it may stand in a header as it is."""
    return bool(text) and header_text(text) == text
