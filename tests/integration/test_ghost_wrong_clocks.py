"""Bars by clocks that are wrong: they do not decide about other symbols, and do not make later plans dear."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NoReturn

import pytest

from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.support.ghosting import BTC, START, Ghost, Tape, walk

FLAT = ("101",) * 4


@pytest.fixture
def tape(redis_client: Any, settings: Settings) -> Tape:
    return Tape(redis_client, settings.stream)


@pytest.fixture
def ghost(settings: Settings, connection: Connection) -> Ghost:
    return Ghost(settings, connection)


def now_s(**later: float) -> float:
    """By the clock of the tests, whose start is long ago."""
    return (utc_now() + timedelta(**later) - START).total_seconds()


def test_an_engine_that_is_seven_hours_ahead_lets_nothing_of_others_expire(tape: Tape, ghost: Ghost) -> None:
    tape.plan(now_s(), minutes=240)
    tape.bar(now_s(hours=7), FLAT, symbol=BTC)
    ghost.run()
    assert [order["status"] for order in ghost.orders()] == ["waiting"]
    tape.bar(now_s(), FLAT, symbol=BTC)
    tape.bar(now_s(hours=7, minutes=1), FLAT, symbol=BTC)
    ghost.run(most=1)
    assert [order["status"] for order in ghost.orders()] == ["waiting"]


@pytest.mark.parametrize("ahead", [{"minutes": 5}, {"hours": 7}])
@pytest.mark.parametrize("begun_anew", [False, True])
def test_its_own_plans_are_followed_by_its_own_clock(
    tape: Tape, ghost: Ghost, ahead: dict[str, int], begun_anew: bool
) -> None:
    """Also by a ghost that has to read those bars again."""
    tape.bar(now_s(**ahead) + 120, ("101", "101", "99", "100"))
    if begun_anew:
        ghost.run()
    tape.plan(now_s(**ahead), minutes=240)
    ghost.run()
    assert [order["status"] for order in ghost.orders()] == ["open"], "it came before the plan, and is seen"


def test_a_bar_from_another_century_makes_no_later_plan_read_the_tape_again(
    tape: Tape, ghost: Ghost, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk(tape, ["101"] * 3)
    tape.bar(now_s(days=20_000), FLAT)
    ghost.run()
    monkeypatch.setattr("ghost.late.Late._read", _never)
    tape.plan(180)
    walk(tape, ["101"] * 3, start_s=180)
    ghost.run()
    (order,) = ghost.orders()
    assert order["bad_bars"] == 0


def _never(*_: Any) -> NoReturn:
    pytest.fail("the tape is read again")
