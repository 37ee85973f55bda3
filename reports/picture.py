"""The scorecard as one page, PNG and PDF: readable on a phone, and without colour.

Emoji are drawn wrong by matplotlib, so badges are shapes and words.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, DayLocator
from matplotlib.figure import Figure

from reports.bins import LABELS, bin_of
from reports.evidence.pooling import WEEKS
from reports.evidence.statistics import wilson_interval
from reports.evidence.verdict import Kind, Verdict
from reports.figures import Outcome
from reports.layers.findings import Finding
from reports.message import (
    change_line,
    figure_lines,
    proposal_line,
    quality_line,
    say_verdict,
    show_rate,
    signals_line,
)
from reports.scorecard import Bin, Scorecard
from signaltape.clock import WIB

#: Okabe and Ito's colours, told apart by nearly everybody (Okabe & Ito, "Color Universal Design", 2008).
_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
_BADGES = {Kind.OK: ("o", _GREEN), Kind.BROKEN: ("X", _ORANGE), Kind.NOT_ENOUGH_DATA: ("D", _GREY)}
#: By verdict on a layer: shown to help, to hurt, or neither.
_COLOURS = {1: _GREEN, -1: _ORANGE, 0: _GREY}
_MARKERS = {1: "^", -1: "v", 0: "o"}
#: So many of the best and so many of the worst layers are drawn.
_MOST_LAYERS = 6
_LINE_CHARS = 88
#: What is said below is cut after so many lines each; the message has all of it.
_MOST_LINES = 3
#: So much of a layer's name has room beside its lift.
_NAME_CHARS = 28
#: Closings are told by day of the week as long as they lie within so many days.
_DAYS_TOLD = 14
#: A dot grows with its signals up to this size, in points.
_LARGEST_DOT = 40.0
_INCHES = (7.2, 12.0)
#: The formats that the page is written in.
KINDS = ("png", "pdf")
_DPI = 150


def draw(card: Scorecard, outcomes: Sequence[Outcome], folder: Path, *, so_far: bool = False) -> list[Path]:
    """Write `scorecard-2022-W03.png` and `.pdf` into `folder`. Returns the paths. Raises OSError.

    outcomes: the closed signals of the week in order of closing; so_far: the week is not over.
    """
    page = plot(card, outcomes, so_far=so_far)
    return [write(page, card, folder, kind) for kind in KINDS]


def write(page: Figure, card: Scorecard, folder: Path, kind: str) -> Path:
    """Write a page as `scorecard-2022-W03.png` or `.pdf` into `folder`. Returns the path. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"scorecard-{card.week.name}.{kind}"
    page.savefig(path, metadata={"Title": f"Weekly Scorecard {card.week.name}"})
    return path


def plot(card: Scorecard, outcomes: Sequence[Outcome], *, so_far: bool = False) -> Figure:
    """The page, not yet in any format. `so_far`: the week is not over, and the page says so."""
    mpl.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    told = card.layers.findings
    shown = [*told[:_MOST_LAYERS], *told[_MOST_LAYERS:][-_MOST_LAYERS:]]
    heights = [0.9, 2.3, 2.3, 0.6 + 0.2 * len(shown) if shown else 0.01, 1.5]
    figure.set_size_inches(_INCHES[0], 1.35 * sum(heights))
    grid = figure.add_gridspec(5, 2, height_ratios=heights)
    _head(figure.add_subplot(grid[0, :]), card, so_far)
    _bins(figure.add_subplot(grid[1, :]), card)
    _reliability(figure.add_subplot(grid[2, 0]), card, outcomes)
    _cumulative(figure.add_subplot(grid[2, 1]), outcomes)
    if shown:
        _layers(figure.add_subplot(grid[3, :]), shown)
    _foot(figure.add_subplot(grid[4, :]), card, so_far)
    return figure


def _head(axes: Axes, card: Scorecard, so_far: bool) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.text(
        0,
        0.98,
        "Weekly Scorecard" + (" (so far)" if so_far else ""),
        fontsize=18,
        fontweight="bold",
        va="top",
    )
    axes.text(0, 0.55, f"{card.week.dates} WIB ({card.week.name})", va="top", color=_GREY)
    _badge(axes, 0.22, f"{WEEKS} weeks", card.pooled)
    _badge(axes, -0.06, "This week", card.verdict)


def _badge(axes: Axes, height: float, what: str, verdict: Verdict) -> None:
    marker, colour = _BADGES[verdict.kind]
    axes.plot(0.012, height, marker=marker, color=colour, markersize=9, clip_on=False)
    text = f"{what}: {_plain(say_verdict(verdict))}"
    axes.text(0.035, height, text, va="center", fontweight="bold", fontsize=9, color=colour, in_layout=False)


def _bins(axes: Axes, card: Scorecard) -> None:
    """Winrate of each bin with its 95 % interval; an empty bin stays empty."""
    axes.set_title("Winrate by confluence score (95 % interval)", loc="left", fontweight="bold")
    for place, one in enumerate(card.bins):
        if not one.n:
            axes.text(place, 0.02, "no closed\nsignal", ha="center", va="bottom", color=_GREY)
            continue
        rate = one.wins / one.n
        low, high = wilson_interval(one.wins, one.n)
        spread = [[rate - low], [high - rate]]
        axes.errorbar(place, rate, yerr=spread, fmt="o", color=_BLUE, capsize=6, markersize=9, linewidth=2)
        axes.text(place + 0.1, rate, show_rate(one.winrate), va="center")
    axes.set_xticks(range(len(card.bins)), [_bin_label(one) for one in card.bins])
    axes.set(ylim=(0, 1.04), xlim=(-0.5, len(card.bins) - 0.3))
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", alpha=0.25)


def _bin_label(one: Bin) -> str:
    hidden = f", sl {one.sl}" if one.sl else ""
    return f"{one.label}\nn={one.n}{hidden}"


def _reliability(axes: Axes, card: Scorecard, outcomes: Sequence[Outcome]) -> None:
    """Mean score against winrate, by bin: on the line, a score of 0.7 wins 70 %."""
    axes.set_title("Reliability of the score", loc="left", fontweight="bold")
    axes.plot([0, 1], [0, 1], linestyle="--", color=_GREY, linewidth=1)
    for place in range(len(LABELS)):
        inside = [one for one in outcomes if bin_of(one.score) == place]
        if inside:
            mean_score = sum(float(one.score) for one in inside) / len(inside)
            winrate = sum(one.rr_realized > 0 for one in inside) / len(inside)
            size = min(4 + 2 * len(inside) ** 0.5, _LARGEST_DOT)
            axes.plot(mean_score, winrate, "o", color=_BLUE, markersize=size, alpha=0.8)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.04), xlabel="mean score", ylabel="winrate")
    if card.figures.brier is not None:
        axes.text(0.03, 0.97, f"Brier {card.figures.brier}", va="top", transform=axes.transAxes, color=_GREY)
    axes.grid(alpha=0.25)


def _cumulative(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    """The sum of R over the closings of the week's signals."""
    axes.set_title("Cumulative R", loc="left", fontweight="bold")
    if not outcomes:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no closed signal", ha="center", color=_GREY, transform=axes.transAxes)
        return
    total, sums = 0.0, []
    for one in outcomes:
        total += float(one.rr_realized)
        sums.append(total)
    times: Any = [one.ts_closed.astimezone(WIB) for one in outcomes]
    axes.step(times, sums, where="post", color=_BLUE, linewidth=1.8)
    axes.axhline(0, color=_GREY, linewidth=0.8)
    axes.text(times[-1], sums[-1], f" {sums[-1]:+.1f} R", va="center", color=_BLUE)
    within_days = times[-1] - times[0] <= timedelta(days=_DAYS_TOLD)
    # a tick for every day until a closing in some far year would take hours to draw
    by_day: Any = DayLocator
    by_span: Any = AutoDateLocator
    formatter: Any = DateFormatter
    locator = by_day(tz=WIB) if within_days else by_span(tz=WIB, maxticks=4)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter("%a\n%d" if within_days else "%Y\n%d %b", tz=WIB))
    axes.tick_params(axis="x", labelsize=8)
    axes.margins(x=0.12)
    axes.grid(alpha=0.25)


def _layers(axes: Axes, findings: list[Finding]) -> None:
    """Lift of each layer in points with its 95 % interval; filled where it is shown to help or to hurt."""
    axes.set_title(f"Layer lift, {WEEKS} weeks, in points (95 % interval)", loc="left", fontweight="bold")
    for place, one in enumerate(reversed(findings)):
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
        says = ("hurts", "", "helps")[one.verdict + 1] or ("regression disagrees" if one.disagree else "")
        axes.annotate(f" {lift:+.1f} {says}", (high, place), va="center", fontsize=9, color=colour)
    axes.axvline(0, color=_GREY, linewidth=0.8)
    axes.set_yticks(range(len(findings)), [_short(one.layer) for one in reversed(findings)])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(-0.6, len(findings) - 0.4)
    axes.margins(x=0.15)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.25)


def _foot(axes: Axes, card: Scorecard, so_far: bool) -> None:
    axes.set_axis_off()
    lines = [
        signals_line(card),
        *figure_lines(card.figures),
        proposal_line(card, so_far=so_far),
        change_line(card),
        quality_line(card),
    ]
    wrapped = [
        part
        for line in lines
        for part in textwrap.wrap(line, _LINE_CHARS, max_lines=_MOST_LINES, placeholder=" …")
    ]
    # not in the layout: names of nothing but wide letters would leave no room for all the rest
    axes.text(0, 1, "\n".join(wrapped), va="top", parse_math=False, fontsize=9, in_layout=False)


def _short(name: str) -> str:
    """A name in one line, cut if it is very long."""
    line = " ".join(name.split())
    return line if len(line) <= _NAME_CHARS else f"{line[: _NAME_CHARS - 1]}…"


def _plain(text: str) -> str:
    """Without the signs that only a chat can draw."""
    return text.translate({ord(sign): None for sign in "✅❌⏳"}).strip()
