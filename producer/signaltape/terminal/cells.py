"""Texts as a terminal shows them: made harmless, measured in columns, shortened, broken into lines. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from signaltape.secrecy import scrub

NOTHING = "-"
ELLIPSIS = "…"
#: Asks for the wide form of the sign before it; where a terminal does not heed it, a column stays empty.
_WIDE_FORM = "\ufe0f"
#: So much of a text and of each of its words stands in a list; `--json` has all of it.
_BRIEF_COLUMNS, _WORD_COLUMNS = 150, 64


def plain(value: object) -> str:
    """A value as one line, `-` for nothing: no secret, and escapes for what cannot be seen or a terminal would obey."""
    said = "" if value is None else scrub(str(value))
    if not said.isprintable():
        said = "".join(sign if sign.isprintable() else _escaped(sign) for sign in said)
    return said or NOTHING


def width(said: str) -> int:
    """How many columns a text takes; wide signs such as those of Chinese take two."""
    return len(said) if said.isascii() else sum(map(_columns, said))


def shorten(said: str, columns: int) -> str:
    """A text that takes no more columns than this: of one that is longer, the middle is left out."""
    if width(said) <= columns:
        return said
    end = _end_of(said, (columns - 1) // 2)
    return said[: _fitting(said, columns - 1 - (columns - 1) // 2)] + ELLIPSIS + said[end:]


def short_words(said: str) -> str:
    """A text whose words are shortened where they are no words."""
    return " ".join(shorten(word, _WORD_COLUMNS) for word in said.split(" "))


def brief(said: str) -> str:
    """A text for a list: no word of it and not all of it is too long; what is left out is at its end."""
    words: list[str] = []
    left = _BRIEF_COLUMNS
    for word in short_words(said).split(" "):
        left -= width(word) + 1
        if left < 0:
            return " ".join([*words, ELLIPSIS])
        words.append(word)
    return " ".join(words)


def wrap(said: str, columns: int, mark: str = "") -> list[str]:
    """A text in lines of so many columns, `mark` before the first, the others below the text.

    Lines end between words; only a word that is longer than a whole line is broken.
    """
    body = said.lstrip(" ")
    before = mark + said[: len(said) - len(body)]
    indent = " " * width(before)
    lines: list[str] = []
    line = ""
    for word in _pieces(body, max(1, columns - len(indent))):
        longer = f"{line} {word}" if line else word
        if line and width(indent + longer) > columns:
            lines.append(line)
            longer = word
        line = longer
    return [f"{before if not number else indent}{one}" for number, one in enumerate([*lines, line])]


def pad(said: str, columns: int, *, right: bool = False) -> str:
    """A text with spaces up to so many columns, before it if it stands at the right."""
    spaces = " " * (columns - width(said))
    return spaces + said if right else said + spaces


def _pieces(said: str, columns: int) -> Iterator[str]:
    for word in said.split(" "):
        if width(word) <= columns:
            yield word
        else:
            yield from _broken(word, columns)


def _broken(word: str, columns: int) -> Iterator[str]:
    begin = taken = 0
    for place, sign in enumerate(word):
        taken += _columns(sign)
        if taken > columns and place > begin:
            yield word[begin:place]
            begin, taken = place, _columns(sign)
    yield word[begin:]


def _fitting(said: str, columns: int) -> int:
    """How many signs from the front take no more columns than this."""
    taken = 0
    for place, sign in enumerate(said):
        taken += _columns(sign)
        if taken > columns:
            return place
    return len(said)


def _end_of(said: str, columns: int) -> int:
    """Where the end of a text begins that takes no more columns than this."""
    taken, place = 0, len(said)
    while place and taken + _columns(said[place - 1]) <= columns:
        place -= 1
        taken += _columns(said[place])
    return place


def _columns(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me"):
        return int(sign == _WIDE_FORM)
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()
