"""The picture: drawn for an ordinary week and for an empty one, with names that look like markup."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reports.course import NO_COURSE, Course
from reports.drawing.beside import drawn_beside
from reports.scorecard import Scorecard
from signaltape.errors import Unavailable
from tests.support.cards import EMPTY, LONG, ORDINARY, course


def draw(card: Scorecard, course: Course, folder: Path) -> list[Path]:
    """Drawn; what draws takes half a second to load, which few processes of a run need."""
    from reports.drawing import picture

    return picture.draw(card, course, folder)


def test_an_ordinary_week(tmp_path: Path) -> None:
    png, pdf = draw(ORDINARY, course(25), tmp_path)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert png.name == "scorecard-2022-W03.png"


def test_a_week_without_a_closed_signal(tmp_path: Path) -> None:
    assert len(draw(EMPTY, NO_COURSE, tmp_path)) == 2


def test_names_of_any_length_that_look_like_markup(tmp_path: Path) -> None:
    assert (
        len(draw(LONG, course(25), tmp_path)) == 2
    )  # what cannot be drawn is a warning, and so an error here


def test_a_picture_that_a_process_of_its_own_cannot_draw_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Unavailable, match="could not be drawn"):
        drawn_beside(ORDINARY, course(3), "png", so_far=False)
