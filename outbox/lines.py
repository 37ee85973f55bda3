"""Lines that a phone does not wrap: long sentences are broken here, where no number is torn from its word. Pure."""

from __future__ import annotations

import re
import textwrap

#: At 360 px a chat leaves 280 to a text: so many signs of a usual font …
LINE = 34
#: … in a quote, which has a bar at its left and a sign at its right …
QUOTED = 32
#: … and so many columns of `pre`.
COLUMNS = 29
#: Continued lines stand below the beginning of their sentence.
HANG = "   "
#: A space at which no phone breaks a line.
NO_BREAK = "\N{NO-BREAK SPACE}"
#: In the place of a space at which no line is broken.
_GLUE = "\0"
#: After a comma or semicolon outside brackets.
_PARTS = re.compile(r"(?<=[,;]) (?![^(]*\))")
#: Before a bracket, and after a colon outside.
_SMALLER_PARTS = re.compile(r" (?=\()|(?<=:) (?![^(]*\))")


def fold(sentence: str, width: int) -> list[str]:
    """Break a sentence into lines, between its parts if these fit. A word is never broken, whatever its length."""
    room = width - len(HANG)
    parts = [smaller for part in _PARTS.split(sentence) for smaller in _fitting(part, room)]
    lines = textwrap.wrap(
        " ".join(parts), width, subsequent_indent=HANG, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_GLUE, " ") for line in lines]


def one_line(text: str, width: int = LINE) -> str:
    """A text in one line, cut if it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _fitting(part: str, room: int) -> list[str]:
    """A part as one word if it fits, else its smaller parts, each as one word if that fits."""
    pieces = [part] if len(part) <= room else _SMALLER_PARTS.split(part)
    return [piece.replace(" ", _GLUE) if len(piece) <= room else piece for piece in pieces]
