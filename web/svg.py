"""What all charts are drawn with: a frame, lines, texts, the figure around them. Pure; every text is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from markupsafe import Markup, escape

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Frame(NamedTuple):
    """Where the drawing lies in the picture, in units of its viewBox."""

    width: int = 560
    height: int = 240
    left: int = 68
    right: int = 12
    top: int = 12
    bottom: int = 56

    def x(self, share: float) -> float:
        """From the left edge, 0 to 1."""
        return round(self.left + share * (self.width - self.left - self.right), 1)

    def y(self, share: float) -> float:
        """From the bottom edge, 0 to 1."""
        return round(self.height - self.bottom - share * (self.height - self.top - self.bottom), 1)


FRAME = Frame()


def grid(marks: Sequence[tuple[float, str]], frame: Frame = FRAME) -> str:
    """Lines across at shares of the height, each with its words."""
    lines = []
    for share, words in marks:
        y = frame.y(share)
        lines.append(line(frame.left, y, frame.width - frame.right, y, "grid"))
        lines.append(text(frame.left - 6, y + 4, words, "faint", "end"))
    return "".join(lines)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A line of a class."""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{kind}"/>'


def text(x: float, y: float, words: str, kind: str = "label", anchor: str = "middle") -> str:
    """Words of a class."""
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def svg(title: str, parts: Sequence[str], role: str = "img", frame: Frame = FRAME) -> str:
    """The picture."""
    return (
        f'<svg class="chart" viewBox="0 0 {frame.width} {frame.height}" role="{role}" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def figure(kind: str, caption: str, picture: str, points: Any, table: str = "") -> Markup:
    """A picture, and what it is drawn from: a script makes a chart with a crosshair of it. The table says the same.

    caption: what it shows, in which unit.
    """
    said = escape(_ENCODER.encode(points).decode())
    return Markup(  # noqa: S704 - every text in it was escaped above
        f'<figure class="plot" data-plot="{kind}" data-points="{said}"><figcaption>{escape(caption)}</figcaption>'
        f"{picture}</figure>{table}"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], summary: str) -> str:
    """The same numbers, behind a line that opens them; the first column names, the others are numbers."""
    names = "".join(f'<th scope="col"{_number(place)}>{escape(one)}</th>' for place, one in enumerate(head))
    body = "".join(f"<tr>{''.join(_cell(place, one) for place, one in enumerate(row))}</tr>" for row in rows)
    return (
        f'<details class="same"><summary>{escape(summary)}</summary><div class="scroll"><table class="tight">'
        f"<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _cell(place: int, words: str) -> str:
    if place == 0:
        return f'<th scope="row">{escape(words)}</th>'
    return f'<td class="num">{escape(words)}</td>'


def _number(place: int) -> str:
    return ' class="num"' if place else ""
