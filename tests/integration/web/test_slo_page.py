"""Objectives on the dashboard: what stands, what fires, what is left; empty, silent, hostile; the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guard.rules_file import RULES, rules_in_force
from signaltape.clock import utc_now
from sink.db import Connection
from tests.integration.web.test_away import away
from tests.support.objectives import LONG, SIGNAL, Watched, disturb, watch
from tests.support.served import Served

__all__ = ["away"]


def test_without_a_guard_it_says_who_would_watch(served: Served) -> None:
    text = served.get("/slo").text
    assert "<h1>Nobody watches yet</h1>" in text
    assert "python -m guard" in text
    assert text.count("nothing was measured in 30 days: that is no perfect score") == 2
    assert text.count("nothing measured") == len(rules_in_force({}).rule)


def test_a_quiet_guard_says_that_all_holds(served: Served, connection: Connection) -> None:
    Watched(connection, utc_now()).value("signal-p95", SIGNAL, 312.0)
    text = served.get("/slo").text
    assert "<h1>All objectives hold</h1>" in text
    assert "312\u00a0ms" in text


def test_what_fires_says_what_it_costs_and_what_to_do(served: Served, connection: Connection) -> None:
    watch(connection, utc_now())
    text = served.get("/slo").text
    assert "<h1>1 alert firing</h1>" in text
    for words in (
        "■ firing",
        "▲ pending",
        "Slow signals",
        "entries slip",
        "0198a3c4-77aa",
        "errors-and-latency",
    ):
        assert words in text


def test_what_is_pending_says_what_it_is_and_no_more(served: Served, connection: Connection) -> None:
    watched = watch(connection, utc_now())
    watched.alert("disk", "SIGNALTAPE_HOME", state="pending", examples=["0198a3c4-88bb"])
    text = served.get("/slo").text
    rule = rules_in_force({}).rule["disk"]
    assert (rule.what in text, rule.costs in text, "0198a3c4-88bb" in text) == (True, False, False)


def test_budgets_are_words_beside_their_bars(served: Served, connection: Connection) -> None:
    """300 of 100,000 are bad where 1,000 may be; 100 of 1,000 are slow where 50 may be."""
    watch(connection, utc_now())
    text = served.get("/slo").text
    assert "70 % left" in text
    assert "300 bad, of 1,000 that may be, of 100,000 in 30 days" in text
    assert "overspent: 200 % used" in text
    assert text.count('<svg class="budget"') == 2


def test_every_rule_has_its_value_what_is_too_few_and_what_is_left_out_unfolds(
    served: Served, connection: Connection
) -> None:
    watch(connection, utc_now())
    text = served.get("/slo").text
    assert "p95 at most 450\u00a0ms; rings above 650\u00a0ms for 5 min" in text
    assert "<summary>4 more</summary>" in text
    assert text.count("too few to say") == 2
    assert "64\u00a0MiB" in text


def test_what_is_over_stands_below_with_how_it_ended(served: Served, connection: Connection) -> None:
    watch(connection, utc_now())
    text = served.get("/slo").text
    over = text.partition("<h2>Over</h2>")[2]
    assert "Redis is away" in over
    assert "too little is measured to say so" in over


def test_a_guard_that_is_silent_is_no_good_news(served: Served, connection: Connection) -> None:
    watch(connection, utc_now() - timedelta(minutes=5))
    text = served.get("/slo").text
    assert "<h1>The guard is silent</h1>" in text
    assert "start python -m guard" in text


def test_names_from_outside_are_text_and_many_are_few_on_the_page(
    served: Served, connection: Connection
) -> None:
    disturb(watch(connection, utc_now()))
    answer = served.get("/slo")
    assert answer.status == 200
    assert "<b>very" not in answer.text
    assert "<script>alert" not in answer.text
    assert "&lt;b&gt;very" in answer.text
    assert ("\u202e" in answer.text, "(\\u202eib-1)" in answer.text) == (False, True)
    assert "Nothing is told of performance" in answer.text
    assert "<summary>195 more</summary>" in answer.text


def test_programs_get_the_same(served: Served, connection: Connection) -> None:
    disturb(watch(connection, utc_now()))
    found = json.loads(served.get("/api/slo").text)
    assert (found["state"], len(found["open"]), len(found["over"])) == ("ERROR", 4, 2)
    assert {one["rule"] for one in found["rules"]} == set(rules_in_force({}).rule)
    left = {(one["rule"], one["subject"]): one["left"] for one in found["budgets"]}
    assert left["error-budget", "all of ib-1"] == pytest.approx(0.7)
    assert left["latency-budget", LONG] < -10
    slow = next(one for one in found["rules"] if one["rule"] == "rest-p95")
    assert [one["state"] for one in slow["values"][:2]] == ["breached", "well"]


def test_a_file_of_rules_that_cannot_be_used_is_said(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("[rule.x]\nkind = 'threshold'\n")
    monkeypatch.setenv(RULES, str(path))
    answer = served.get("/slo")
    assert answer.status == 503
    assert "rule x, category: is missing" in answer.text


def test_while_postgres_is_away_it_says_so(served: Served, away: Callable[[], Any]) -> None:
    with away():
        answer = served.get("/slo")
    assert answer.status == 503
    assert "Postgres" in answer.text
