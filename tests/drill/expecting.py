"""What the page says that a command prints, held against what it printed. Pure.

Every expected line must be there, in this order; others may stand between. `…` stands for anything, or nothing, within
a line; `$NAME` for one word, which later commands of the case then know by this name. Blanks count as one.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"\s*…\s*|\$[A-Z][A-Z_]*|\s+|[^…$\s]+|\$")


def missing(expected: str, printed: str) -> str | None:
    """The first expected line that was not printed; None if all were."""
    return _compared(expected, printed)[0]


def captured(expected: str, printed: str) -> dict[str, str]:
    """The words that stood where the page has a `$NAME`."""
    return _compared(expected, printed)[1]


def _compared(expected: str, printed: str) -> tuple[str | None, dict[str, str]]:
    lines = iter([line.strip() for line in printed.splitlines()])
    words: dict[str, str] = {}
    for line in filter(None, (one.strip() for one in expected.splitlines())):
        pattern = _pattern(line)
        found = next((match for one in lines if (match := pattern.search(one))), None)
        if found is None:
            return line, words
        words.update(found.groupdict())
    return None, words


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile("".join(map(_piece, _PIECE.findall(line))))


def _piece(text: str) -> str:
    if "…" in text:
        return ".*?"
    if text.startswith("$") and len(text) > 1:
        return rf"(?P<{text[1:]}>\S+)"
    return r"\s+" if text.isspace() else re.escape(text)
