"""The scorecard as one page, PNG and PDF: readable on a phone, and without colour.

Emoji are drawn wrong by matplotlib, so badges are shapes and words.
"""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure

from reports.course import Course
from reports.drawing import charts
from reports.drawing.page import GREY, MARGIN, ROOM, Page
from reports.evidence.pooling import WEEKS
from reports.evidence.verdict import Kind, ScoreVerdict
from reports.scorecard import Scorecard
from reports.text.sentences import (
    change_line,
    figure_lines,
    proposal_line,
    quality_line,
    say_verdict,
    sealed_line,
    signals_line,
    sources_line,
)

_BADGES = {
    Kind.OK: ("o", charts.GREEN),
    Kind.BROKEN: ("X", charts.ORANGE),
    Kind.NOT_ENOUGH_DATA: ("D", GREY),
}
#: So many of the best and so many of the worst layers are drawn.
_MOST_LAYERS = 6
#: What is said below is cut after so many lines each; the message has all of it.
_MOST_LINES = 3
#: From a badge's shape to its words.
_BADGE = 0.25
_GAP = 0.25
#: The formats that the page is written in.
KINDS = ("png", "pdf")


def draw(card: Scorecard, course: Course, folder: Path, *, so_far: bool = False) -> list[Path]:
    """Write `scorecard-2022-W03.png` and `.pdf` into `folder`. Returns the paths. Raises OSError.

    so_far: the week is not over.
    """
    page = plot(card, course, so_far=so_far)
    return [write(page, card, folder, kind) for kind in KINDS]


def write(page: Figure, card: Scorecard, folder: Path, kind: str) -> Path:
    """Write a page as `scorecard-2022-W03.png` or `.pdf` into `folder`. Returns the path. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"scorecard-{card.week.name}.{kind}"
    page.savefig(path, metadata={"Title": f"Weekly Scorecard {card.week.name}"})
    return path


def drawn(card: Scorecard, course: Course, kind: str, so_far: bool) -> bytes:
    """A page in one of KINDS. Arguments as those of `draw`."""
    page, written = plot(card, course, so_far=so_far), io.BytesIO()
    page.savefig(written, format=kind, metadata={"Title": f"Weekly Scorecard {card.week.name}"})
    return written.getvalue()


def plot(card: Scorecard, course: Course, *, so_far: bool = False) -> Figure:
    """The page, not yet in any format. `so_far`: the week is not over, and the page says so."""
    page = Page()
    _head(page, card, so_far)
    charts.bins(page, card.bins)
    page.gap(_GAP)
    charts.reliability_and_sum(page, card, course)
    page.gap(_GAP)
    told = card.layers.findings
    if told:
        charts.layers(page, [*told[:_MOST_LAYERS], *told[_MOST_LAYERS:][-_MOST_LAYERS:]])
        page.gap(_GAP)
    _foot(page, card, so_far)
    return page.finish()


def _head(page: Page, card: Scorecard, so_far: bool) -> None:
    page.write("Weekly Scorecard" + (" (so far)" if so_far else ""), 18, bold=True)
    page.write(f"{card.week.dates} WIB ({card.week.name})", colour=GREY)
    page.gap(0.08)
    _badge(page, f"{WEEKS} weeks", card.pooled)
    page.gap(0.04)
    _badge(page, "This week", card.verdict)
    page.gap(_GAP)


def _badge(page: Page, what: str, verdict: ScoreVerdict) -> None:
    marker, colour = _BADGES[verdict.kind]
    page.mark(marker, colour, MARGIN + 0.06, page.down + 0.08)
    text = f"{what}: {_plain(say_verdict(verdict))}"
    page.write(text, 9, left=MARGIN + _BADGE, room=ROOM - _BADGE, colour=colour, bold=True)


def _foot(page: Page, card: Scorecard, so_far: bool) -> None:
    for line in (
        signals_line(card),
        *figure_lines(card.figures),
        proposal_line(card, so_far=so_far),
        change_line(card),
        quality_line(card),
        sources_line(card),
        sealed_line(card, whole=True),
    ):
        page.write(line, 9, most_lines=_MOST_LINES)


def _plain(text: str) -> str:
    """Without the signs that only a chat can draw."""
    return text.translate({ord(sign): None for sign in "✅❌⏳"}).strip()
