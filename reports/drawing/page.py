"""A page that grows downwards: every text on it is measured and broken before its place is given away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import islice
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D

#: Inches, as all lengths here.
WIDTH = 7.2
MARGIN = 0.35
ROOM = WIDTH - 2 * MARGIN
GREY = "#666666"
_DPI = 150
#: Of a line, in sizes of its type.
_LINE = 1.3
_BELOW_BASELINE = 0.4
_POINTS = 72.0
#: Between a title and what it stands above.
_BELOW_TITLE = 0.08
_MORE = "…"
#: So many widths are remembered: the words of a page are the same in each format and from week to week.
_KEPT = 4096
#: Where a line may end: a figure keeps its unit.
_SPACE = re.compile(r" (?!R\b)")


class Page:
    """A figure as wide as a page. What is put on it stands below what was put there before.

    down: how far it is filled, from its upper edge.
    """

    def __init__(self) -> None:
        mpl.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
        self.figure = Figure(figsize=(WIDTH, 1.0), dpi=_DPI)
        self._places: list[Callable[[float], None]] = []
        self.down = MARGIN

    def finish(self) -> Figure:
        """The figure, as high as what stands on it."""
        height = self.down + MARGIN
        self.figure.set_size_inches(WIDTH, height)
        for place in self._places:
            place(height)
        return self.figure

    def gap(self, height: float) -> None:
        """Leave some room."""
        self.down += height

    def write(
        self,
        text: str,
        size: float = 10,
        *,
        left: float = MARGIN,
        room: float = ROOM,
        colour: str = "black",
        bold: bool = False,
        most_lines: int | None = None,
    ) -> None:
        """Write a text in lines that fit into `room`, cut after `most_lines`."""
        lines = self.wrap(text, room, size, bold=bold)
        kept = list(lines if most_lines is None else islice(lines, most_lines))
        if next(lines, None) is not None:
            kept[-1] = self.shorten(f"{kept[-1]} {_MORE}", room, size, bold=bold)
        for line in kept:
            self.down += size * _LINE / _POINTS
            self._write(line, left, self.down - size * _BELOW_BASELINE / _POINTS, size, colour, bold)

    def title(self, text: str, *, left: float = MARGIN) -> None:
        """The title of a chart."""
        self.write(text, 12, left=left, bold=True)
        self.gap(_BELOW_TITLE)

    def axes(self, height: float, *, left: float = MARGIN, room: float = ROOM) -> Axes:
        """A chart whose frame is so high, without what is written around it. The page is not filled by it."""
        axes = self.figure.add_axes((0, 0, 1, 1))
        top = self.down

        def place(page: float) -> None:
            axes.set_position((left / WIDTH, 1 - (top + height) / page, room / WIDTH, height / page))

        self._places.append(place)
        return axes

    def mark(self, marker: str, colour: str, left: float, below: float) -> None:
        """A sign of its own, `below` the upper edge of the page."""
        artist = Line2D(
            [0], [0], marker=marker, color=colour, markersize=9, transform=self.figure.transFigure
        )
        self.figure.add_artist(artist)
        self._places.append(lambda page: artist.set_data([left / WIDTH], [1 - below / page]))

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """How wide a text in one line is."""
        return _width(text, size, bold)

    def wrap(self, text: str, room: float, size: float, *, bold: bool = False) -> Iterator[str]:
        """The lines of a text that is broken between its words, or in a word that is too wide."""
        line = ""
        for word in _SPACE.split(" ".join(text.split())):
            rest = word
            longer = f"{line} {word}" if line else word
            if self.width(longer, size, bold=bold) <= room:
                line = longer
                continue
            if line:
                yield line
            while (fitting := self._fitting(rest, room, size, bold=bold)) < len(rest):
                yield rest[:fitting]
                rest = rest[fitting:]
            line = rest
        if line:
            yield line

    def shorten(self, text: str, room: float, size: float, *, bold: bool = False) -> str:
        """A text in one line, cut if it is too wide."""
        line = " ".join(text.split())
        if self.width(line, size, bold=bold) <= room:
            return line
        without = room - self.width(f" {_MORE}", size, bold=bold)
        return f"{line[: self._fitting(line, without, size, bold=bold)].rstrip()} {_MORE}"

    def _fitting(self, text: str, room: float, size: float, *, bold: bool) -> int:
        """How many signs of a text fit: all if they do, else at least one."""
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.width(text[:middle], size, bold=bold) <= room
            low, high = (middle, high) if fits else (low, middle - 1)
        return low

    def _write(self, line: str, left: float, below: float, size: float, colour: str, bold: bool) -> None:
        artist = self.figure.text(
            0, 0, line, fontsize=size, color=colour, weight=_weight(bold), parse_math=False
        )
        self._places.append(lambda page: artist.set_position((left / WIDTH, 1 - below / page)))


@lru_cache(_KEPT)
def _width(text: str, size: float, bold: bool) -> float:
    font = FontProperties(size=size, weight=_weight(bold))
    return float(_measuring().get_text_width_height_descent(text, font, ismath=False)[0]) / _DPI


@cache
def _measuring() -> Any:
    """What measures text for any page: all have the same resolution."""
    return FigureCanvasAgg(Figure(figsize=(1.0, 1.0), dpi=_DPI)).get_renderer()  # type: ignore[no-untyped-call]


def _weight(bold: bool) -> str:
    return "bold" if bold else "normal"
