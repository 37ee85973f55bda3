"""The page's layout: no text leaves the page, and none stands on another, whatever the week brings."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from reports.course import NO_COURSE, Course
from reports.scorecard import Scorecard
from tests.support.cards import BROKEN, EMPTY, LONG, OK, ORDINARY, UNSETTLED, card, course

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

FULL = [5] * 5
LAYERS = [f"a layer with a name of some length, {number}" for number in range(12)]
#: In pixels: boxes of neighbours may share an edge.
TOUCHING = 0.5

CASES: dict[str, tuple[Scorecard, Course]] = {
    "ordinary": (ORDINARY, course(157)),
    "broken": (BROKEN, course(300)),
    "ok": (OK, course(500, r=90)),
    "empty": (EMPTY, NO_COURSE),
    "a long verdict": (UNSETTLED, course(12)),
    "long names and large numbers": (LONG, course(100, r=900_000)),
    "twelve layers": (card(FULL, FULL, layers=LAYERS), course(25)),
    "closed within a day": (card(FULL, FULL), course(3)),
    "closed within eight days": (card(FULL, FULL), course(190)),
    "closed within two weeks": (card(FULL, FULL), course(14, timedelta(days=1))),
    "closed in years": (card(FULL, FULL), course(3, timedelta(days=30_000))),
    "hardly moves": (card(FULL, FULL), course(3, r=0)),
    "a loss of many digits": (card(FULL, FULL), course(4, r=-999_999)),
}
#: A week that is not over has a longer title, and says otherwise what it would propose; its charts are those of any.
OF_A_WEEK_SO_FAR = ["ordinary", "empty", "a long verdict", "long names and large numbers", "twelve layers"]


def plot(card: Scorecard, course: Course, *, so_far: bool = False) -> Figure:
    """Plotted; what plots takes half a second to load, which few processes of a run need."""
    from reports.drawing import picture

    return picture.plot(card, course, so_far=so_far)


def drawn(page: Figure, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Bbox]]:
    """Every text that a page shows, with its box in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    found: dict[int, Text] = {}
    draw = Text.draw

    def note(self: Text, renderer: Any, *arguments: Any, **named: Any) -> None:
        if self.get_visible() and self.get_text().strip():
            found[id(self)] = self
        draw(self, renderer, *arguments, **named)

    monkeypatch.setattr(Text, "draw", note)
    page.set_canvas(FigureCanvasAgg(page))
    page.draw_without_rendering()
    return [(one.get_text(), one.get_window_extent()) for one in found.values()]


def overlap(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(min(width, height) > TOUCHING)


@pytest.mark.parametrize(
    ("case", "so_far"), [*((case, False) for case in CASES), *((case, True) for case in OF_A_WEEK_SO_FAR)]
)
def test_every_text_is_on_the_page_and_beside_its_neighbours(
    case: str, so_far: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = plot(*CASES[case], so_far=so_far)
    texts = drawn(page, monkeypatch)
    assert len(texts) > 20
    width, height = page.get_size_inches() * page.dpi
    off = [text for text, box in texts if min(box.x0, box.y0) < 0 or box.x1 > width or box.y1 > height]
    assert off == []
    upon = [(a, b) for (a, one), (b, other) in combinations(texts, 2) if overlap(one, other)]
    assert upon == []


def test_the_page_grows_with_what_it_says() -> None:
    few, many = (plot(card(FULL, FULL, layers=LAYERS[:n]), course(25)) for n in (2, 12))
    assert many.get_figheight() - few.get_figheight() > 2


def test_a_verdict_is_said_whole_and_a_name_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert UNSETTLED.pooled.more_per_bin is not None
    texts = [text for text, _ in drawn(plot(LONG, course(5)), monkeypatch)]
    assert not any("W" * 100 in text for text in texts)
    whole = " ".join(text for text, _ in drawn(plot(UNSETTLED, NO_COURSE), monkeypatch))
    assert f"about {UNSETTLED.pooled.more_per_bin} more closed signals per bin would settle it" in whole
