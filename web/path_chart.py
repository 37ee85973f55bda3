"""The price path of a signal as a picture: candles, the plan across them, and when what happened. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from markupsafe import Markup

from outbox.wording import duration, number
from signaltape.clock import WIB
from web.market import PricePath
from web.price_path import seconds_of
from web.svg import Frame, figure, grid, line, svg, table, text

_FRAME = Frame(width=720, height=320, left=84)
_BODY_SHARE = 0.7
#: Words nearer than this would overlap.
_WORDS_APART = 14.0


class Level(NamedTuple):
    """A price of the plan."""

    says: str
    price: Decimal


class Moment(NamedTuple):
    """When something happened."""

    says: str
    at: datetime


class Mark(NamedTuple):
    """Where a ghost was filled. kind: in; out; worse or better: out in that of its two worlds alone."""

    kind: str
    at: datetime
    price: Decimal


#: Around the place of a mark, as shares of its size: what it looks like. Scripts draw the same.
SHAPES = {
    "in": ((0, -1), (1, 0), (0, 1), (-1, 0)),
    "out": ((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)),
    "worse": ((-1, -0.8), (1, -0.8), (0, 1)),
    "better": ((-1, 0.8), (1, 0.8), (0, -1)),
}
_MARK_SIZE = 6


def levels_of(signal: dict[str, Any]) -> list[Level]:
    """The prices of a signal's plan, and its fill."""
    named = (
        *(("entry", signal["entry"]), ("fill", signal["entry_fill"]), ("stop", signal["sl"])),
        *(("target", signal["tp"]), ("second target", signal["tp2"])),
    )
    filled_at_entry = signal["entry"] == signal["entry_fill"]
    shown = [(says, price) for says, price in named if price is not None]
    return [Level(says, price) for says, price in shown if not (says == "entry" and filled_at_entry)]


def moments_of(signal: dict[str, Any]) -> list[Moment]:
    """When a signal was published, was triggered, ended."""
    named = (
        ("published", signal["ts_published"]),
        ("triggered", signal["ts_triggered"]),
        ("invalidated", signal["ts_invalidated"]),
        ("closed", signal["ts_closed"]),
    )
    return [Moment(says, at) for says, at in named if at is not None]


def path_chart(
    path: PricePath, levels: Sequence[Level], moments: Sequence[Moment], marks: Sequence[Mark] = ()
) -> Markup:
    """The picture, what it is drawn from, and the candles as a table."""
    scale = _Scale(path, levels, marks)
    parts = [
        grid(scale.marks(), _FRAME),
        *(_candle(scale, one, len(path.candles)) for one in path.candles),
        *_plan(scale, levels),
        *(_moment(scale, one) for one in moments),
        *(_fill(scale, one.ts, one.price) for one in path.fills),
        *(_mark(scale, one) for one in marks),
        text(_FRAME.x(0.0), _FRAME.height - 8, _wib(path.since), "faint", "start"),
        text(_FRAME.x(1.0), _FRAME.height - 8, f"{_wib(path.until)} WIB", "faint", "end"),
    ]
    points = {
        "candles": [[round(one.end.timestamp()), *one[2:]] for one in path.candles],
        "levels": [{"says": f"{one.says} {number(one.price)}", "at": one.price} for one in levels],
        "moments": [{"says": one.says, "at": round(one.at.timestamp())} for one in moments],
        "marks": [[one.kind, round(one.at.timestamp()), one.price, SHAPES[one.kind]] for one in marks],
    }
    return figure(
        "path",
        f"Price in candles of {_length(path)}, WIB",
        svg("Candles around the signal, with its plan", parts, frame=_FRAME),
        points,
    )


def candle_table(path: PricePath) -> Markup:
    """The candles of the picture."""
    rows = [(f"{one.end.astimezone(WIB):%d %b %H:%M:%S}", *map(number, one[2:])) for one in path.candles]
    return Markup(table(("until, WIB", "open", "high", "low", "close"), rows, f"{len(rows)} candles"))  # noqa: S704


class _Scale:
    """Times and prices as places in the picture."""

    def __init__(self, path: PricePath, levels: Sequence[Level], marks: Sequence[Mark]) -> None:
        prices = [*(one.high for one in path.candles), *(one.low for one in path.candles)]
        prices += (
            [one.price for one in levels] + [one.price for one in path.fills] + [one.price for one in marks]
        )
        self._low, self._high = float(min(prices)), float(max(prices))
        self._since, self._span = path.since, (path.until - path.since).total_seconds()

    def x(self, at: datetime) -> float:
        share = (at - self._since).total_seconds() / self._span
        return _FRAME.x(min(1.0, max(0.0, share)))

    def y(self, price: Decimal | float) -> float:
        spread = (self._high - self._low) or 1.0
        return _FRAME.y(0.04 + 0.92 * (float(price) - self._low) / spread)

    def marks(self) -> list[tuple[float, str]]:
        middle = (self._low + self._high) / 2
        spread = (self._high - self._low) or 1.0
        return [
            (0.04 + 0.92 * (one - self._low) / spread, f"{one:.7g}")
            for one in (self._low, middle, self._high)
        ]


def _candle(scale: _Scale, one: Any, count: int) -> str:
    x = scale.x(one.start + (one.end - one.start) / 2)
    wide = round(max(1.0, _BODY_SHARE * (_FRAME.width - _FRAME.left - _FRAME.right) / max(count, 1)), 1)
    top, bottom = scale.y(max(one.open, one.close)), scale.y(min(one.open, one.close))
    kind = "up" if one.close >= one.open else "down"
    return (
        f'<g class="{kind}">{line(x, scale.y(one.high), x, scale.y(one.low), "wick")}'
        f'<rect x="{round(x - wide / 2, 1)}" y="{top}" width="{wide}" height="{round(max(1.0, bottom - top), 1)}"/></g>'
    )


def _plan(scale: _Scale, levels: Sequence[Level]) -> list[str]:
    """Lines across, their words apart from each other."""
    parts, last = [], float("-inf")
    for one in sorted(levels, key=lambda level: -level.price):
        y = scale.y(one.price)
        last = max(y - 4, last + _WORDS_APART)
        parts.append(line(_FRAME.left, y, _FRAME.width - _FRAME.right, y, "level"))
        parts.append(
            text(_FRAME.left + 4, round(last, 1), f"{one.says} {number(one.price)}", "label", "start")
        )
    return parts


def _moment(scale: _Scale, one: Moment) -> str:
    x = scale.x(one.at)
    anchor = "end" if x > _FRAME.x(0.85) else "start" if x < _FRAME.x(0.15) else "middle"
    return line(x, _FRAME.y(0), x, _FRAME.y(1), "moment") + text(
        x, _FRAME.height - 40 + (14 if one.says == "triggered" else 0), one.says, "faint", anchor
    )


def _fill(scale: _Scale, at: datetime, price: Decimal) -> str:
    return f'<circle cx="{scale.x(at)}" cy="{scale.y(price)}" r="4" class="dot"/>'


def _mark(scale: _Scale, one: Mark) -> str:
    x, y = scale.x(one.at), scale.y(one.price)
    corners = (
        f"{round(x + _MARK_SIZE * dx, 1)},{round(y + _MARK_SIZE * dy, 1)}" for dx, dy in SHAPES[one.kind]
    )
    return f'<polygon points="{" ".join(corners)}" class="ghost {one.kind}"/>'


def _length(path: PricePath) -> str:
    """How long a candle is as it is drawn."""
    if path.step_s == seconds_of(path.interval):
        return path.interval
    return f"{duration(path.step_s * 1000)}, out of those of {path.interval}"


def _wib(at: datetime) -> str:
    return f"{at.astimezone(WIB):%d %b %H:%M}"
