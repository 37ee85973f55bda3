"""Clocks of engines, over real servers: each record is held against its entry, whose time is Redis'."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guard.rules_file import SHIPPED
from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.guarding import Guard, Measures
from tests.support.waiting import eventually


def at_once(*names: str) -> str:
    """Shipped rules, which do not wait."""
    wanted = [one for one in SHIPPED.read_text().split("\n[rule.") if one.partition("]")[0] in names]
    lines = (f"[rule.{one}" for one in wanted)
    rules = [
        line if not line.startswith("for =") else 'resolve_after = "1s"'
        for rule in lines
        for line in rule.splitlines()
        if not line.startswith("unless")
    ]
    return "\n".join(['gather = "1s"', *rules])


RULES = at_once("measures-late", "clock-ahead")


@pytest.fixture
def measures(redis_client: Any, settings: Settings) -> Measures:
    return Measures(redis_client, settings.stream)


@pytest.fixture
def guard(settings: Settings, connection: Connection) -> Guard:
    return Guard(settings, connection, RULES)


def states(guard: Guard) -> list[tuple[str, str, str]]:
    return [(one["rule"], one["subject"], one["state"]) for one in guard.alerts()]


@pytest.mark.parametrize(
    ("ahead_s", "rule", "counts"),
    [(-40, "measures-late", 1), (40, "clock-ahead", 1), (400, "clock-ahead", 0)],
)
def test_an_engine_whose_clock_is_wrong_rings_also_where_what_it_measures_counts_for_nothing(
    measures: Measures, guard: Guard, ahead_s: int, rule: str, counts: int
) -> None:
    measures.put(100, at=utc_now() + timedelta(seconds=ahead_s))
    counted = guard.run()
    assert (counted.measurements, counted.ahead) == (counts, 1 - counts)
    assert states(guard) == [(rule, "all of ib-1", "firing")]


def test_a_guard_that_is_begun_anew_says_nothing_until_it_has_read_and_tells_once(
    measures: Measures, guard: Guard
) -> None:
    """Each run is a guard that was begun anew, and finds the tape read."""
    measures.put(100, at=utc_now() - timedelta(seconds=40))
    guard.run()
    guard.run()
    assert states(guard) == [("measures-late", "all of ib-1", "firing")]

    def is_told() -> list[str]:
        measures.put(100, at=utc_now() - timedelta(seconds=40))
        guard.run()
        return guard.messages()

    (message,) = eventually(is_told)
    assert "Measures come late · all of ib-1" in message

    def is_over() -> bool:
        measures.put(100)
        guard.run()
        return states(guard) == [("measures-late", "all of ib-1", "resolved")]

    eventually(is_over)
    assert len(guard.messages()) == 2


def test_a_person_is_shown_what_the_guard_at_work_found(
    runner: Runner, measures: Measures, guard: Guard, tmp_path: Path
) -> None:
    """No table says when an entry was made: only whoever reads the tape can tell."""
    measures.put(100, at=utc_now() - timedelta(seconds=40))
    guard.run()
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    code, out, err = runner.run("guard", "check", "--json", SIGNALTAPE_GUARD_RULES=str(path))
    assert code == 1, err
    found = {one["rule"]: one["findings"] for one in json.loads(out)}
    ((late,), (ahead,)) = found["measures-late"], found["clock-ahead"]
    assert (late["subject"], late["breached"], round(late["value"])) == ("all of ib-1", True, 40)
    assert (ahead["subject"], ahead["breached"]) == ("all of ib-1", False)
