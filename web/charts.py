"""Charts as SVG, drawn here: they stand without a script, and need no inline style. Tables beside them say the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from markupsafe import Markup, escape

from reports.operations.shown import Outcome
from signaltape.clock import WIB
from web.counting import BinRow


class _Frame(NamedTuple):
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


_FRAME = _Frame()
#: Steps of a curve at most; a larger sum in R is drawn at the edge; marks nearer than this share would overlap.
_MOST_STEPS, _LARGEST, _APART = 600, 1e12, 0.08


def bins_chart(bins: Sequence[BinRow]) -> Markup:
    """Winrate of each bin with its 95 % interval, n below; the axis is always 0 to 1."""
    parts = [_grid([(value / 4, f"{value / 4:.2f}") for value in range(5)])]
    for position, one in enumerate(bins):
        x = _FRAME.x((position + 0.5) / max(len(bins), 1))
        parts.append(_text(x, _FRAME.height - 30, one.label))
        parts.append(_text(x, _FRAME.height - 8, f"n={one.n.n}", "faint"))
        parts.append(_dot(x, one))
    return _svg("Winrate by bin of the score, with 95 % intervals", parts, "group")


def _dot(x: float, one: BinRow) -> str:
    if one.interval is None:
        return ""
    (low, high), (wins, n) = one.interval, one.wins_of_n
    said = f"{one.label}: {one.winrate} ({low:.3f} … {high:.3f}), n={n}"
    return (
        f'<a href="{escape(one.n.address)}" aria-label="{escape(said)}">'
        f"{_line(x, _FRAME.y(low), x, _FRAME.y(high), 'interval')}"
        f'<circle cx="{x}" cy="{_FRAME.y(wins / n)}" r="5" class="dot"/></a>'
    )


def curve_chart(closed: Sequence[Outcome]) -> Markup | None:
    """Cumulative R over time, WIB, with zero drawn; None without a closed signal."""
    if not closed:
        return None
    sums = list(accumulate(one.rr_realized for one in closed))
    values = [max(-_LARGEST, min(_LARGEST, float(total))) for total in sums]
    low, high = min(0.0, *values), max(0.0, *values)
    spread = (high - low) or 1.0
    first, last = closed[0].ts_closed, closed[-1].ts_closed
    span = (last - first).total_seconds() or 1.0
    places = [
        (_FRAME.x((one.ts_closed - first).total_seconds() / span), _FRAME.y((value - low) / spread))
        for one, value in zip(closed, values, strict=True)
    ]
    marks = [value for value in (low, 0.0, high) if not value or abs(value) > _APART * spread]
    return _svg(
        "Cumulative R of closed signals, in order of closing",
        [
            _grid([((value - low) / spread, _r(value)) for value in marks]),
            f'<path d="{_steps(places)}" class="curve"/>',
            _text(_FRAME.x(0.0), _FRAME.height - 8, _moment(first), "faint", "start"),
            _text(_FRAME.x(1.0), _FRAME.height - 8, _moment(last), "faint", "end"),
        ],
    )


def _steps(places: Sequence[tuple[float, float]]) -> str:
    return f"M{places[0][0]} {places[0][1]}" + "".join(f"H{x}V{y}" for x, y in _thinned(places)[1:])


def _thinned(places: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """No more steps than the picture has room for; the last one stays."""
    every = -(-len(places) // _MOST_STEPS)
    return [*places[:-1:every], places[-1]] if len(places) > 1 else places


def _r(value: float) -> str:
    return "0 R" if value == 0 else f"{value:+.1f} R".replace("-", "−")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(WIB):%a %d %b %H:%M}"


def _grid(marks: Sequence[tuple[float, str]]) -> str:
    lines = []
    for share, words in marks:
        y = _FRAME.y(share)
        lines.append(_line(_FRAME.left, y, _FRAME.width - _FRAME.right, y, "grid"))
        lines.append(_text(_FRAME.left - 6, y + 4, words, "faint", "end"))
    return "".join(lines)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{kind}"/>'


def _text(x: float, y: float, words: str, kind: str = "label", anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(title: str, parts: Sequence[str], role: str = "img") -> Markup:
    return Markup(  # noqa: S704 - every text in it was escaped above
        f'<svg class="chart" viewBox="0 0 {_FRAME.width} {_FRAME.height}" role="{role}" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
