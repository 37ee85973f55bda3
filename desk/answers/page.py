"""An answer as a phone shows it: a line that says it, a few lines, columns that stand, quotes that unfold. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence

from outbox.lines import COLUMNS, LINE, QUOTED, fold
from outbox.text import Text, TextBuilder, units
from signaltape.terminal.cells import width

#: Shows three lines until it is tapped.
QUOTE = "expandable_blockquote"
#: A quote holds no more lines, and a message no more quotes than fit with them into one part of 4,096 units.
_QUOTE_LINES = 60
_MOST_UNITS = 3_900
_MORE = "…"
#: Around a name that is written from right to left: what stands beside it keeps its place.
_ISOLATE, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = ("R", "AL", "AN")
#: What a phone makes a command, a mention or a link of; a sign that is not seen keeps it from that.
_TAKEN_FOR_LIVE = re.compile(r"((?<!\w)[/@]|:/(?=/))(?=[\w/])")
_JOINER = "\u2060"


class Page:
    """Puts an answer together. head: the line that a notification shows. Texts from outside go through `name` first."""

    def __init__(self, head: str) -> None:
        self._text = TextBuilder().line(head, "bold")
        self._units = units(head)

    def line(self, sentence: str) -> Page:
        """A sentence, broken where no number is torn from its word; nothing of an empty one."""
        for line in folded(sentence, LINE):
            self._text.line(line)
            self._units += units(line) + 1
        return self

    def lines(self, sentences: Sequence[str]) -> Page:
        """Several of them."""
        for sentence in sentences:
            self.line(sentence)
        return self

    def table(self, rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Page:
        """Rows in columns that stand; right: the columns whose cells end under one another."""
        if rows:
            table = "\n".join(columns(rows, right))
            self._text.add(table, "pre").line()
            self._units += units(table) + 1
        return self

    def quote(self, title: str, sentences: Sequence[str]) -> Page:
        """What unfolds under a title; left out if there is nothing to say, cut where the message would be too long."""
        lines = [line for sentence in sentences for line in folded(sentence, QUOTED)]
        kept = self._that_fit(lines, self._units + units(title) + 1)
        if not kept:
            return self
        quote = TextBuilder().line(title, "bold")
        for line in kept:
            quote.line(line)
        inner = quote.build()
        self._text.wrap(inner, QUOTE).line()
        self._units += units(inner.text) + 1
        return self

    def _that_fit(self, lines: Sequence[str], used: int) -> list[str]:
        kept: list[str] = []
        for line in lines:
            used += units(line) + 1
            if len(kept) == _QUOTE_LINES or used > _MOST_UNITS:
                return [*kept, _MORE] if kept else []
            kept.append(line)
        return kept

    def build(self) -> Text:
        """The whole of it."""
        return self._text.build()


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Cells under one another, two spaces apart if a phone has room for it, else one."""
    widths = [max(map(seen, column)) for column in zip(*rows, strict=True)]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= COLUMNS else " "
    return [
        gap.join(
            padded(cell, wide, right=at in right)
            for at, (cell, wide) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def padded(cell: str, wide: int, *, right: bool = False) -> str:
    """A cell with spaces up to a width, in columns of a font whose signs are equally wide."""
    space = " " * (wide - seen(cell))
    return f"{space}{cell}" if right else f"{cell}{space}"


def seen(cell: str) -> int:
    """The columns of a cell, without the signs around a name that take none."""
    return width(cell) - sum(map(cell.count, (_ISOLATE, _END, _JOINER)))


def name(text: object, wide: int = QUOTED) -> str:
    """A text from outside in one line of at most so many columns: nothing in it turns, hides or breaks a line."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in str(text)).split())
    if width(line) > wide:
        line = _cut(line, wide - 1) + _MORE
    line = _TAKEN_FOR_LIVE.sub(rf"\1{_JOINER}", line)
    if any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in line):
        return f"{_ISOLATE}{line}{_END}"
    return line or "-"


def folded(sentence: str, wide: int) -> list[str]:
    """A sentence in lines; of an empty one none. A word that no line has room for is cut.

    Wide signs count twice, unseen ones not at all.
    """
    if not sentence:
        return []
    lines = fold(sentence, max(wide // 2, wide + len(sentence) - seen(sentence)))
    return [line if seen(line) <= wide else _cut(line, wide - 1) + _MORE for line in lines]


def _cut(line: str, wide: int) -> str:
    fitting = bisect_right(range(len(line) + 1), wide, key=lambda length: seen(line[:length])) - 1
    return line[:fitting].rstrip()
