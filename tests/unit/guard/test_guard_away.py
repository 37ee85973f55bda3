"""For how long Postgres was away: counted until it writes again, and said for as long as telling takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from guard.away import Away
from guard.model.findings import Checked
from tests.support.guard_core import START, Guarding, rules_of

GATHER = timedelta(seconds=20)
POSTGRES = 'kind = "check"\nfigure = "postgres_away"\nunit = "s"\nalert_above = 30\n'


def test_it_is_said_for_a_while_after_the_return() -> None:
    away = Away(GATHER, 10.0)
    assert away.seconds(100) == 0
    away.lost(100)
    assert away.seconds(140) == 40
    away.back(140)
    assert away.seconds(141) == away.seconds(140 + 40) == 40
    assert away.seconds(141 + 40) == 0


def test_a_disk_that_stays_full_is_one_absence() -> None:
    away = Away(GATHER, 10.0)
    for moment in (0, 5, 10):  # each time it answers, and cannot write
        away.lost(moment)
    away.back(15)
    assert away.seconds(16) == 15


def test_what_another_guard_saw_to_is_not_told_again() -> None:
    away = Away(GATHER, 10.0)
    away.lost(0)
    away.forget()
    away.back(50)
    assert away.seconds(51) == 0


@pytest.mark.parametrize("gather_s", [1, 20, 60])
@pytest.mark.parametrize("every_s", [0.2, 10.0, 15.0, 25.0, 30.0])
def test_it_is_told_however_long_alerts_gather_and_however_seldom_rules_are_evaluated(
    gather_s: int, every_s: float
) -> None:
    guarding = Guarding(rules_of(f'gather = "{gather_s}s"\n', gone=POSTGRES))
    away = Away(timedelta(seconds=gather_s), every_s)
    away.lost(0)
    for _ in range(int(120 / every_s)):
        now_s = 90 + (guarding.now - START).total_seconds()
        guarding.memory.checks = [Checked("postgres_away", "postgres", away.seconds(now_s))]
        guarding.tick(timedelta(seconds=every_s))
        away.back(now_s + 0.01)
    assert [kind for _, kind, _ in guarding.told][:1] == ["firing"]
