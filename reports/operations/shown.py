"""A scorecard as a page shows it: its week by name, its words, its figures under stable names, its picture."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from outbox.text import Text
from reports.course import NO_COURSE, Course, Point
from reports.delays import DELAYS, Delay
from reports.drawing.beside import drawn_beside
from reports.evidence.pooling import WEEKS
from reports.evidence.verdict import Kind
from reports.figures import Figures
from reports.files import as_document
from reports.layers.message import compared_lines, layer_lines
from reports.operations.scorecards import Computed
from reports.scorecard import Bin
from reports.targets import WANTED_TP1, WANTED_TP2, Targets
from reports.text import sentences
from reports.text.message import compose, next_step
from reports.text.targets import hit_line, left_line, left_of
from reports.weeks import Week, newest_due, parse_week, week_of
from signaltape.errors import InvalidRequest

__all__ = [
    "DELAYS",
    "NO_COURSE",
    "WEEKS",
    "Bin",
    "Computed",
    "Course",
    "Delay",
    "Figures",
    "Point",
    "Targets",
    "Week",
    "left_of",
    "week_of",
]

#: Pictures are drawn one at a time: each takes seconds of a core.
_DRAWING = threading.Lock()
PICTURES = {"png": "image/png", "pdf": "application/pdf"}
_TITLES = {
    Kind.OK: "The score works",
    Kind.BROKEN: "The score is broken",
    Kind.NOT_ENOUGH_DATA: "Not enough data",
}


class Told(NamedTuple):
    """A scorecard in sentences; a list is empty, a text empty, where there is nothing to say."""

    #: the verdict over the pooled weeks: which it is, in a few words, and with its reason
    kind: str
    title: str
    verdict: Sequence[str]
    monotonicity: str
    figures: Sequence[str]
    change: str
    revised: str
    layers: Sequence[str]
    lacks: str
    #: up to where the record is sealed, with its digest
    sealed: str
    next_step: str


class GroupShown(NamedTuple):
    """Closed signals that share a symbol, side, setup, rules version, weekday (`1`: Monday) or hour (`0` to `23`)."""

    kind: str
    name: str
    closed: int
    wins: int
    expectancy: str


def week_named(text: str) -> Week:
    """The week of an ISO name such as 2022-W03. Raises InvalidRequest."""
    try:
        return parse_week(text)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


def newest_whole(now: datetime) -> Week:
    """The newest week that is over."""
    return newest_due(now)


def message(found: Computed) -> Text:
    """The scorecard as the weekly message says it."""
    return compose(found.card, so_far=found.so_far)


def told(found: Computed) -> Told:
    """What a scorecard says."""
    card = found.card
    layers = [
        *layer_lines(card.layers.findings),
        sentences.proposal_line(card, so_far=found.so_far),
        *compared_lines(card.layers.compared),
    ]
    return Told(
        card.pooled.kind.value,
        _TITLES[card.pooled.kind],
        sentences.verdict_lines(card),
        sentences.monotonicity_line(card),
        sentences.figure_lines(card.figures),
        sentences.change_line(card),
        sentences.revised_line(card),
        [sentences.LAYERS_FAILED] if card.layers.failed else [line for line in layers if line],
        sentences.data_lacks(card),
        sentences.sealed_line(card),
        next_step(card, so_far=found.so_far),
    )


def groups(found: Computed) -> list[GroupShown]:
    """The week's closed signals by symbol, side, setup and rules version, then by weekday and hour."""
    return [
        GroupShown(one.kind, one.name, one.closed, one.wins, sentences.show_expectancy(one.expectancy))
        for one in (*found.card.figures.groups, *found.when)
        if one.kind != "score"
    ]


def targets_told(one: Targets) -> list[str]:
    """Both hit rates beside what is wanted, and what 100 signals leave."""
    lines = (hit_line("TP1", one.tp1, WANTED_TP1), hit_line("TP2", one.tp2, WANTED_TP2), left_line(one))
    return [line for line in lines if line]


def trades_told(one: Targets) -> str:
    """`0.612 (0.48–0.73)`: the rate of the first target, with its interval; `-` without a trade."""
    if one.tp1.rate is None:
        return "-"
    low, high = one.tp1.interval
    return f"{one.tp1.rate:.3f} ({low:.2f}–{high:.2f})"


def delay_told(one: Delay) -> tuple[str, str]:
    """What those of a wait brought, with its interval; and `31` where they count as fewer than they are, else empty."""
    return sentences.show_expectancy(one.expectancy), _fewer(one.n, one.counts_as)


def detail(one: Bin) -> str:
    """A bin's interval, what it brought, what a round trip leaves of it."""
    return sentences.bin_detail(one)


def winrate(one: Bin) -> str:
    """Its winrate: `0.561`, `0.375–0.750` where candles touched stop and target, `-` for an empty bin."""
    return sentences.show_winrate(one)


def counts_as(one: Bin) -> str:
    """`31` where its closed signals count as fewer than they are; else empty."""
    return _fewer(one.n, one.known)


def _fewer(n: int, as_many: float) -> str:
    return f"{as_many:.0f}" if round(as_many) < n else ""


def interval(one: Bin) -> tuple[float, float] | None:
    """The 95 % interval of its winrate; None for an empty bin."""
    return one.interval if one.n else None


def document(found: Computed) -> dict[str, object]:
    """All figures under stable names, for JSON."""
    return as_document(found.card, so_far=found.so_far)


def picture(found: Computed, kind: str) -> bytes:
    """The picture of the report, drawn in a process of its own. kind: one of PICTURES. Takes some seconds.

    Raises Unavailable if it could not be drawn.
    """
    with _DRAWING:
        return drawn_beside(found.card, found.course, kind, so_far=found.so_far)
