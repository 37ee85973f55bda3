"""The one place that knows the terminal: how wide it is, whether it shows colours, what is written to it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Literal, TextIO

import msgspec

from signaltape.terminal.cells import plain, short_words, wrap
from signaltape.terminal.table import Column, block, table

Style = Literal["", "head", "good", "warn", "bad"]

#: The last line where nothing is to be done.
NOTHING_TO_DO = "nothing to do"
_CODES: dict[str, str] = {"head": "1", "good": "32", "warn": "33", "bad": "31"}
#: Where nothing tells how wide the terminal is: a pipe, a file.
_USUAL = (80, 24)
#: On less than this nothing can be laid out; the terminal breaks the lines itself.
_LEAST_COLUMNS = 30
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def print_json(document: object) -> None:
    """Print a document as JSON, for `--json`: times as ISO with their offset, decimals as numbers."""
    sys.stdout.write(msgspec.json.format(_ENCODER.encode(document), indent=2).decode() + "\n")
    sys.stdout.flush()


class Screen:
    """Writes lines that fit.

    file: where to, default is standard output; columns: default is as the terminal has, or COLUMNS says, else 80.
    """

    def __init__(self, file: TextIO | None = None, columns: int | None = None) -> None:
        self._file = file or sys.stdout
        self.columns = columns or max(_LEAST_COLUMNS, shutil.get_terminal_size(_USUAL).columns)
        self._colours = _shows_colours(self._file)
        self._last = "what others have printed"

    def say(self, text: object, style: Style = "", *, mark: str = "", short: bool = False) -> None:
        """A line, or several if it is long.

        mark: stands before it and alone takes the style. short: ids and names in it are shortened.
        """
        said = short_words(plain(text)) if short else plain(text)
        lines = wrap(said, self.columns, mark=mark)
        if not mark:
            self._write(self._styled(line, style) for line in lines)
            return
        first = self._styled(mark, style) + lines[0].removeprefix(mark)
        self._write([first, *lines[1:]])

    def next(self, text: object) -> None:
        """The last line, apart from the others: what to do next."""
        self.gap()
        self.say(text, mark="→ ")

    def gap(self) -> None:
        """An empty line between two parts, once."""
        self._write([""])

    def table(
        self, columns: Sequence[Column], rows: Sequence[Sequence[object]], notes: Sequence[object] = ()
    ) -> None:
        """A table with an empty line on either side; nothing if it has no rows. See `table`."""
        if rows:
            head, *body = table(columns, rows, notes, within=self.columns)
            first = ["", self._styled(head, "head")] if head else [""]
            self._write([*first, *body, ""])

    def block(self, pairs: Sequence[tuple[str, object]]) -> None:
        """Lines of `name value`."""
        self._write(block(pairs, within=self.columns))

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line or self._last:
                self._file.write(f"{line}\n")
            self._last = line
        self._file.flush()  # an error that follows stands behind it, where both go to one place

    def _styled(self, text: str, style: Style) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and self._colours else text


def _shows_colours(file: TextIO) -> bool:
    """Whether colours are seen: at a terminal that has them and was not told otherwise (no-color.org)."""
    return file.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
