"""Texts from outside made fit to stand in a message: no markup, no lines, no signs that turn others around. Pure."""

from __future__ import annotations

import textwrap
import unicodedata

from outbox.lines import HANG, LINE, fold, one_line

#: Of an engine's own line no more is shown; the JSON has all of it.
MOST_CHARS = 160
#: Formats (which turn text around, or are not seen), controls, and halves of characters.
_DROPPED = ("Cf", "Cc", "Cs", "Co", "Cn")
_SPACES = ("Zl", "Zp", "Zs")
#: One may join emoji; more marks than this on one sign only hide others.
_JOINER = "\N{ZERO WIDTH JOINER}"
_MOST_MARKS = 2


def clean(text: str) -> str:
    """A text in one line, of signs that are seen and stand where they were written."""
    return " ".join("".join(_signs(text)).split())


def _signs(text: str) -> list[str]:
    signs: list[str] = []
    marks = 0
    for sign in text:
        kind = unicodedata.category(sign)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in _SPACES or sign in "\t\n\r\v\f\x85":
            signs.append(" ")
        elif sign == _JOINER or (kind not in _DROPPED and marks <= _MOST_MARKS):
            signs.append(sign)
    return signs


def own_lines(text: str, begin: str = "") -> list[str]:
    """An engine's own line, cut if it is very long, and broken so that no phone has to break it."""
    sentence = begin + one_line(clean(text), MOST_CHARS)
    return [piece for line in fold(sentence, LINE) for piece in _cut(line)]


def _cut(line: str) -> list[str]:
    """A line that is one long word, in pieces that hang."""
    if len(line) <= LINE:
        return [line]
    return textwrap.wrap(line, LINE, subsequent_indent=HANG, break_long_words=True, break_on_hyphens=False)
