"""Charts as SVG, drawn here: they stand without a script, and need no inline style. Tables beside them say the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from markupsafe import Markup, escape

from reports.operations.shown import Point
from signaltape.clock import WIB
from web.counting import BinRow
from web.svg import FRAME, figure, grid, line, svg, table, text

#: Steps of a curve at most; a larger sum in R is drawn at the edge; marks nearer than this share would overlap.
_MOST_STEPS, _LARGEST, _APART = 400, 1e12, 0.08


def bins_chart(bins: Sequence[BinRow]) -> Markup:
    """Winrate of each bin with its 95 % interval, n below; the axis is always 0 to 1."""
    parts = [grid([(value / 4, f"{value / 4:.2f}") for value in range(5)])]
    for position, one in enumerate(bins):
        x = FRAME.x((position + 0.5) / max(len(bins), 1))
        parts.append(text(x, FRAME.height - 30, one.label))
        parts.append(text(x, FRAME.height - 8, f"n={one.n.n}", "faint"))
        parts.append(_dot(x, one))
    picture = svg("Winrate by bin of the score, with 95 % intervals", parts, "group")
    return figure("bins", "Winrate, with its 95 % interval", picture, [_bin_point(one) for one in bins])


def _bin_point(one: BinRow) -> dict[str, Any]:
    wins, n = one.wins_of_n
    low, high = one.interval or (None, None)
    rate = wins / n if n else None
    return {
        "label": one.label,
        "n": one.n.n,
        "rate": rate,
        "low": low,
        "high": high,
        "says": _bin_words(one),
        "to": one.n.address,
    }


def _bin_words(one: BinRow) -> str:
    if one.interval is None:
        return f"{one.label}: none closed"
    low, high = one.interval
    counts = f", counts as {one.counts_as}" if one.counts_as else ""
    return f"{one.label}: {one.winrate} ({low:.3f} … {high:.3f}), n={one.n.n}{counts}"


def _dot(x: float, one: BinRow) -> str:
    if one.interval is None:
        return ""
    (low, high), (wins, n) = one.interval, one.wins_of_n
    return (
        f'<a href="{escape(one.n.address)}" aria-label="{escape(_bin_words(one))}">'
        f"{line(x, FRAME.y(low), x, FRAME.y(high), 'interval')}"
        f'<circle cx="{x}" cy="{FRAME.y(wins / n)}" r="5" class="dot"/></a>'
    )


def curve_chart(points: Sequence[Point]) -> Markup | None:
    """Cumulative R over time, WIB, with zero drawn, and by days below; None without a closed signal."""
    if not points:
        return None
    times, sums = [one.at for one in points], [one.total_r for one in points]
    return figure(
        "curve",
        "R of closed signals, summed up by time of closing, WIB",
        _curve(times, sums),
        _curve_points(times, sums),
        _days(times, sums),
    )


def _curve(times: Sequence[datetime], sums: Sequence[Decimal]) -> str:
    values = [_drawn(total) for total in sums]
    low, high = min(0.0, *values), max(0.0, *values)
    spread = (high - low) or 1.0
    first, last = times[0], times[-1]
    span = (last - first).total_seconds() or 1.0
    places = [
        (FRAME.x((at - first).total_seconds() / span), FRAME.y((value - low) / spread))
        for at, value in zip(times, values, strict=True)
    ]
    marks = [value for value in (low, 0.0, high) if not value or abs(value) > _APART * spread]
    parts = [
        grid([((value - low) / spread, _r(value)) for value in marks]),
        f'<path d="{_steps(places)}" class="curve"/>',
        text(FRAME.x(0.0), FRAME.height - 8, _moment(first), "faint", "start"),
        text(FRAME.x(1.0), FRAME.height - 8, _moment(last), "faint", "end"),
    ]
    return svg("Cumulative R of closed signals, in order of closing", parts)


def _curve_points(times: Sequence[datetime], sums: Sequence[Decimal]) -> list[Any]:
    """Seconds since 1970 and the sum, as many as are drawn."""
    return [
        [round(at.timestamp()), _drawn(total)] for at, total in _thinned(list(zip(times, sums, strict=True)))
    ]


def _days(times: Sequence[datetime], sums: Sequence[Decimal]) -> str:
    """What each WIB day brought, and where it left the sum."""
    ends = [(day, list(some)[-1][1]) for day, some in groupby(zip(times, sums, strict=True), _day_of)]
    before = [Decimal(0), *(total for _, total in ends)]
    rows = [
        (f"{day:%a} {day.day} {day:%b}", _exact_r(total - start), _exact_r(total))
        for (day, total), start in zip(ends, before, strict=False)
    ]
    return table(("day, WIB", "that day", "cumulative"), rows, "Cumulative R by day")


def _day_of(one: tuple[datetime, Decimal]) -> date:
    return one[0].astimezone(WIB).date()


def _drawn(total: Decimal) -> float:
    return max(-_LARGEST, min(_LARGEST, float(total)))


def _steps(places: Sequence[tuple[float, float]]) -> str:
    return f"M{places[0][0]} {places[0][1]}" + "".join(f"H{x}V{y}" for x, y in _thinned(places)[1:])


def _thinned(places: Sequence[Any]) -> Sequence[Any]:
    """No more steps than the picture has room for; the last one stays."""
    every = -(-len(places) // _MOST_STEPS)
    return [*places[:-1:every], places[-1]] if len(places) > 1 else places


def _r(value: float) -> str:
    return "0 R" if value == 0 else f"{value:+.1f} R".replace("-", "−")


def _exact_r(value: Decimal) -> str:
    return f"{_drawn(value):+.2f} R".replace("-", "−")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(WIB):%a %d %b %H:%M}"
