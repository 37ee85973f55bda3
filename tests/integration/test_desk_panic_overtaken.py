"""A panic that somebody else overtakes is said again, or says so; a drill ends its own pause alone."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

import desk.acts.pausing as pausing
from desk.operations import drill as drilling
from signaltape import Emitter, Settings
from signaltape.control import PAUSED, pause, read, resume, wait_for_answers
from signaltape.stream import control_key
from sink import control
from sink.db import Connection
from tests.support.desking import TRADER
from tests.support.stepping import stepped
from tests.support.waiting import eventually

#: So far the clock was ahead.
AHEAD_MS = 10 * 86_400_000


def test_a_panic_wins_over_a_word_that_came_while_it_was_said(
    settings: Settings, connection: Connection, redis_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody resumed from a shell between the look at Redis and the word: its number is higher."""
    say = control.say

    def late(*given: Any, **more: Any) -> Any:
        said = say(*given, **more)
        resume(redis_client, settings.stream, "shell", above=said.epoch)
        monkeypatch.setattr(pausing, "say", say)
        return said

    monkeypatch.setattr(pausing, "say", late)
    with stepped(settings, connection) as desk:
        asked = desk.say(TRADER, "/panic")
        desk.act()
        pressed = desk.press(TRADER, desk.buttons(asked)[0])
        desk.act()
        known = read(redis_client, settings.stream)
        assert known is not None
        assert known.state == PAUSED, desk.answer(pressed)
        assert control.reconcile(redis_client, settings.stream, connection) == known


def test_a_panic_that_was_resumed_meanwhile_says_so(
    settings: Settings, connection: Connection, redis_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = wait_for_answers

    def late(*given: Any, **more: Any) -> Any:
        resume(redis_client, settings.stream, "somebody else")
        return wait(*given, **more)

    monkeypatch.setattr(pausing, "wait_for_answers", late)
    with stepped(settings, connection) as desk:
        asked = desk.say(TRADER, "/panic")
        desk.act()
        pressed = desk.press(TRADER, desk.buttons(asked)[0])
        desk.act()
        assert "somebody else" in desk.answer(pressed)
        assert "running" in desk.result(pressed)[1]


def test_a_drill_does_not_resume_what_somebody_paused_meanwhile(
    settings: Settings, connection: Connection, redis_client: Any
) -> None:
    def panic(step: drilling.Step) -> None:
        if step.name == "health":
            pause(redis_client, settings.stream, "ani", "for real")

    found = drilling.drill(settings, datetime.now(UTC), "budi", progress=panic)
    known = read(redis_client, settings.stream)
    assert known is not None
    assert (known.state, known.by) == (PAUSED, "ani")
    assert not found.ok
    assert "ani" in found.steps[-1].said


def test_a_pause_from_a_shell_is_above_what_processes_heard(settings: Settings, redis_client: Any) -> None:
    """Redis forgot all and its clock was set back, or another server took over whose clock is behind."""
    with Emitter(settings) as tape:
        ahead = resume(redis_client, settings.stream, "ani", above=time.time_ns() // 1_000_000 + AHEAD_MS)
        assert eventually(lambda: tape.control_known)
        eventually(lambda: redis_client.hvals(f"{settings.stream}:processes"))
        redis_client.delete(control_key(settings.stream))
        said = pause(redis_client, settings.stream, "budi")
        assert said.epoch > ahead.epoch
        assert eventually(lambda: tape.paused)
