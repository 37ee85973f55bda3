"""A replay that waits for a place says who holds them: paused ones and loops do until somebody stops them."""

from __future__ import annotations

from web.replay_changes import waits_for
from web.replay_shapes import ReplayStatus


def test_it_is_said_what_must_end_first() -> None:
    running = [
        ReplayStatus(session_id="a", running=True, paused=True, loop=True),
        ReplayStatus(session_id="b", running=True, loop=True),
        ReplayStatus(session_id="c", running=True),
    ]
    said = waits_for("mine", running)
    assert said == (
        "mine waits for a free place: one of those that run must end or be stopped (a paused, b looping, c)"
    )


def test_where_none_is_seen_nothing_is_named() -> None:
    assert waits_for("mine", []) == "mine waits for a free place"
