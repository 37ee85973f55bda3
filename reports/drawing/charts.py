"""The charts of the page: bins, reliability, the sum of R, layers. Each leaves room for what is written around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, DayLocator
from matplotlib.ticker import FuncFormatter

from reports.course import Course, Point
from reports.drawing.page import GREY, MARGIN, ROOM, Page
from reports.evidence.pooling import WEEKS
from reports.layers.findings import Finding
from reports.scorecard import Bin, Scorecard
from reports.text.sentences import show_rate
from signaltape.clock import WIB

#: Okabe and Ito's colours, told apart by nearly everybody (Okabe & Ito, "Color Universal Design", 2008).
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
#: By verdict on a layer: shown to help, to hurt, or neither.
_COLOURS = {1: GREEN, -1: ORANGE, 0: GREY}
_MARKERS = {1: "^", -1: "v", 0: "o"}
#: Inches: how high a chart is, and what the figures at its left and below it take.
_HEIGHT = 2.2
_LEFT = 0.45
_BELOW = 0.3
_BELOW_LABELLED = 0.55
#: One line of a label.
_LABEL = 0.17
#: Between two charts side by side.
_BETWEEN = 0.4
_LAYER = 0.27
#: The widest name of a layer.
_NAME = 2.2
#: Closings are told by day of the week as long as they lie within so many days; there is room for so many of them.
_DAYS_TOLD = 14
_DAYS_SHOWN = 8
#: A dot grows with its signals up to this size, in points.
_LARGEST_DOT = 40.0
#: Of large figures beside an axis.
_UNITS = ((1_000_000, "M"), (1_000, "k"))
#: A sum that hardly moves is not drawn as if it did, in R.
_LEAST_ROOM_R = 0.5


def bins(page: Page, told: Sequence[Bin]) -> None:
    """Winrate of each bin with its 95 % interval; an empty bin stays empty."""
    page.title("Winrate by confluence score (95 % interval)")
    axes = page.axes(_HEIGHT, left=MARGIN + _LEFT, room=ROOM - _LEFT)
    for place, one in enumerate(told):
        if not one.n:
            axes.text(place, 0.02, "no closed\nsignal", ha="center", va="bottom", color=GREY)
            continue
        rate = one.wins / one.n
        low, high = one.interval
        spread = [[rate - low], [high - rate]]
        axes.errorbar(place, rate, yerr=spread, fmt="o", color=BLUE, capsize=6, markersize=9, linewidth=2)
        axes.text(place + 0.1, rate, show_rate(one.winrate), va="center")
    labels = [_bin_label(one) for one in told]
    axes.set_xticks(range(len(told)), labels)
    axes.set(ylim=(0, 1.04), xlim=(-0.5, len(told) - 0.5))
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", alpha=0.25)
    page.gap(_HEIGHT + (1 + max(label.count("\n") for label in labels)) * _LABEL + 0.1)


def _bin_label(one: Bin) -> str:
    hidden = f"\nsl {one.sl}" if one.sl else ""
    return f"{one.label}\nn={one.n}{hidden}"


def reliability_and_sum(page: Page, card: Scorecard, course: Course) -> None:
    """Both side by side."""
    half = (ROOM - _BETWEEN) / 2
    right = MARGIN + half + _BETWEEN
    top = page.down
    page.title("Reliability of the score")
    _reliability(page.axes(_HEIGHT, left=MARGIN + _LEFT, room=half - _LEFT), card, course)
    page.down = top
    points = course.points
    page.title(f"Cumulative R: {points[-1].total_r:+.1f}" if points else "Cumulative R", left=right)
    _cumulative(page.axes(_HEIGHT, left=right + _LEFT, room=half - _LEFT), points)
    page.gap(_HEIGHT + _BELOW_LABELLED)


def _reliability(axes: Axes, card: Scorecard, course: Course) -> None:
    """Mean score against winrate, by bin: on the line, a score of 0.7 wins 70 %."""
    if not course.bins:
        _nothing(axes)
        return
    axes.plot([0, 1], [0, 1], linestyle="--", color=GREY, linewidth=1)
    for one in course.bins:
        size = min(4 + 2 * one.n**0.5, _LARGEST_DOT)
        axes.plot(one.mean_score, one.winrate, "o", color=BLUE, markersize=size, alpha=0.8)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.04))
    brier = "" if card.figures.brier is None else f"; Brier {card.figures.brier}"
    axes.set_xlabel(f"winrate by mean score{brier}", fontsize=9, color=GREY)
    axes.grid(alpha=0.25)


def _cumulative(axes: Axes, points: Sequence[Point]) -> None:
    """The sum of R over the closings of the week's signals."""
    if not points:
        _nothing(axes)
        return
    sums = [float(one.total_r) for one in points]
    times: Any = [one.at.astimezone(WIB) for one in points]
    axes.step(times, sums, where="post", color=BLUE, linewidth=1.8)
    axes.axhline(0, color=GREY, linewidth=0.8)
    low, high = min(0.0, *sums), max(0.0, *sums)
    room = max((high - low) * 0.08, _LEAST_ROOM_R)
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    _tell_days(axes, times[-1] - times[0])
    axes.margins(x=0.05)
    axes.grid(alpha=0.25)


def _nothing(axes: Axes) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no closed signal", ha="center", color=GREY, transform=axes.transAxes)


def _short(value: float, _place: int | None = None) -> str:
    """A figure beside an axis: `0.5`, `−12`, `250k`."""
    unit, sign = next((one for one in _UNITS if abs(value) >= one[0]), (1, ""))
    return f"{value / unit:g}{sign}".replace("-", "\N{MINUS SIGN}")


def _tell_days(axes: Axes, span: timedelta) -> None:
    """Times below a chart of hours, days of the week below one of some days; of years, some dates."""
    # a tick for every day until a closing in some far year would take hours to draw
    by_day: Any = DayLocator
    by_span: Any = AutoDateLocator
    formatter: Any = DateFormatter
    within_days = timedelta(days=1) < span <= timedelta(days=_DAYS_TOLD)
    every = 1 + span.days // _DAYS_SHOWN
    locator = by_day(interval=every, tz=WIB) if within_days else by_span(tz=WIB, minticks=2, maxticks=4)
    told = "%a\n%d" if within_days else "%Y\n%d %b" if span > timedelta(days=1) else "%H:%M\n%a %d"
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter(told, tz=WIB))
    axes.tick_params(axis="x", labelsize=8)


def layers(page: Page, findings: Sequence[Finding]) -> None:
    """Lift of each layer in points with its 95 % interval; filled where it is shown to help or to hurt."""
    page.title(f"Layer lift, {WEEKS} weeks, in points (95 % interval)")
    names = [page.shorten(one.layer, _NAME, 10) for one in findings]
    said = [_says(one) for one in findings]
    left = max(page.width(name, 10) for name in names) + 0.1
    right = max(page.width(text, 9) for text in said) + 0.15
    height = _LAYER * len(findings)
    axes = page.axes(height, left=MARGIN + left, room=ROOM - left - right)
    for place, one in enumerate(findings):
        lift = one.lift.lift * 100
        low, high = (edge * 100 for edge in one.lift.interval)
        colour = _COLOURS[one.verdict]
        axes.errorbar(
            lift,
            place,
            xerr=[[lift - low], [high - lift]],
            fmt=_MARKERS[one.verdict],
            color=colour,
            mfc=colour if one.verdict else "white",
            capsize=4,
        )
        beside = axes.get_yaxis_transform()
        axes.text(1.03, place, said[place], va="center", fontsize=9, color=colour, transform=beside)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(findings)), names)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(len(findings) - 0.5, -0.5)
    axes.margins(x=0.05)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.25)
    page.gap(height + _BELOW)


def _says(one: Finding) -> str:
    says = ("hurts", "", "helps")[one.verdict + 1] or ("regression disagrees" if one.disagree else "")
    return f"{one.lift.lift * 100:+.1f} {says}".rstrip()
