"""For how long Postgres was away: counted until it writes again, and said for as long as telling takes."""

from __future__ import annotations

from guard.away import SAID_FOR_S, Away


def test_it_is_said_for_a_while_after_the_return() -> None:
    away = Away()
    assert away.seconds(100) == 0
    away.lost(100)
    assert away.seconds(140) == 40
    away.back(140)
    assert away.seconds(141) == away.seconds(140 + SAID_FOR_S) == 40
    assert away.seconds(141 + SAID_FOR_S) == 0


def test_a_disk_that_stays_full_is_one_absence() -> None:
    away = Away()
    for moment in (0, 5, 10):  # each time it answers, and cannot write
        away.lost(moment)
    away.back(15)
    assert away.seconds(16) == 15


def test_what_another_guard_saw_to_is_not_told_again() -> None:
    away = Away()
    away.lost(0)
    away.forget()
    away.back(50)
    assert away.seconds(51) == 0
