"""The demo, twice: every station agrees, and the second run adds nothing."""

from __future__ import annotations

import pytest

from sink.db import Connection
from tests.integration.conftest import Runner

pytestmark = pytest.mark.deep


def test_the_whole_way_and_a_second_run_that_adds_nothing(runner: Runner, connection: Connection) -> None:
    code, first, err = runner.run("deploy.demo")
    assert code == 0, err
    assert [week in first for week in ("2022-W01", "2022-W02", "2022-W03", "2022-W04")] == [True] * 4
    assert "❌" not in first.partition("Reconciliation")[2]
    assert "duplicates 0, conflicts 0, dead letters 0" in first
    row = connection.execute("SELECT count(*) FROM signal_events").fetchone()
    assert row is not None
    before = row[0]
    cards = connection.execute("SELECT week_start, bins FROM weekly_scorecard ORDER BY 1").fetchall()
    assert len(cards) == 4

    code, second, err = runner.run("deploy.demo")
    assert code == 0, err
    assert "❌" not in second.partition("Reconciliation")[2]
    assert f"worker: stored 0, duplicates {before}, conflicts 0, dead letters 0" in second
    assert connection.execute("SELECT count(*) FROM signal_events").fetchone() == (before,)
    assert connection.execute("SELECT week_start, bins FROM weekly_scorecard ORDER BY 1").fetchall() == cards


def test_a_day_replayed_through_the_engine_gives_its_signals_again(runner: Runner) -> None:
    code, out, err = runner.run("deploy.demo.replay")
    assert code == 0, err
    assert "the same parameters: ✅ identical" in out
    assert "stop 1.5 ATR" in out
