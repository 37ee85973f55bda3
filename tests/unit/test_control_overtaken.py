"""What a shell says of a word when another one came beside it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from signaltape.commands.control import _show_overtaken
from signaltape.control import PAUSED, RUNNING, Control
from signaltape.terminal import Screen

FORGOTTEN = "Redis has forgotten it already"


def word(epoch: int, state: Any) -> Control:
    return Control(state=state, epoch=epoch, by="budi")


@pytest.mark.parametrize(
    ("said", "stands", "shown"),
    [
        (word(5, RUNNING), word(5, RUNNING), ""),
        (word(5, RUNNING), word(6, PAUSED), "meanwhile paused by budi"),
        (word(5, RUNNING), word(5, PAUSED), "meanwhile paused by budi"),
        (word(5, PAUSED), word(5, RUNNING), FORGOTTEN),
        (word(5, PAUSED), word(4, RUNNING), FORGOTTEN),
        (word(5, PAUSED), None, FORGOTTEN),
    ],
)
def test_who_spoke_is_told_what_counts_by_now(said: Control, stands: Control | None, shown: str) -> None:
    screen = io.StringIO()
    _show_overtaken(Screen(screen, columns=100), said, stands)
    assert screen.getvalue().startswith(shown)
    assert bool(screen.getvalue()) == bool(shown)
