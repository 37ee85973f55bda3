"""Error budgets in the weekly report: of the 30 days that end with its week, from what the guard counted by day."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from guard.alert_store import AlertStore
from guard.rules_file import rules_in_force
from reports.files import save
from reports.scorecard import Scorecard, compute
from reports.text.message import compose
from reports.weeks import Week
from signaltape import Emitter, Settings
from signaltape.clock import WIB
from sink.db import Connection
from tests.support.objectives import WHOLE, Watched

WEEK = Week(date(2022, 1, 17))
SUNDAY = datetime(2022, 1, 23, 12, tzinfo=WIB)


@pytest.fixture
def watched(connection: Connection) -> Watched:
    """A guard with the shipped rules, at the end of the week."""
    AlertStore(connection, (), Emitter(Settings())).put_objectives(rules_in_force({}))
    return Watched(connection, SUNDAY)


def card_of(connection: Connection) -> Scorecard:
    return compute(connection, WEEK)


def test_a_week_without_a_guard_says_nothing_of_it(connection: Connection) -> None:
    card = card_of(connection)
    assert card.budgets == []
    assert "Error budget" not in compose(card).text


def test_it_counts_thirty_days_that_end_with_its_sunday(watched: Watched, connection: Connection) -> None:
    for days_ago, good, bad in ((0, 900, 4), (29, 90, 1), (30, 0, 10_000), (-1, 0, 10_000)):
        watched.days("error-budget", WHOLE, good, bad, days_ago)
    budget, nothing = card_of(connection).budgets
    assert (budget.rule, budget.subject, budget.good, budget.bad) == ("error-budget", WHOLE, 990, 5)
    assert budget.left == 1 - 5 / (995 * Decimal("0.01"))
    assert (nothing.rule, nothing.left) == ("latency-budget", None)


def test_the_message_has_it_in_a_block_that_unfolds(watched: Watched, connection: Connection) -> None:
    watched.days("error-budget", WHOLE, 99_700, 300)
    message = compose(card_of(connection))
    block = message.text.partition("Error budget, 30 days")[2]
    assert "70 % left" in block
    assert "nothing was measured" in block
    units = message.text.encode("utf-16-le")
    quotes = [one for one in message.entities if one.type == "expandable_blockquote"]
    inside = [units[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le") for one in quotes]
    assert sum("Error budget" in one for one in inside) == 1


def test_the_file_has_the_same_for_programs(watched: Watched, connection: Connection, tmp_path: Path) -> None:
    watched.days("error-budget", WHOLE, 99_700, 300)
    _, path = save(card_of(connection), tmp_path)
    first = json.loads(path.read_text())["error_budgets"][0]
    assert (first["bad"], first["allowed"], first["left"]) == (300, 1000, 0.7)


def test_an_objective_that_is_not_in_force_any_more_is_not_told(
    watched: Watched, connection: Connection
) -> None:
    store = AlertStore(connection, (), Emitter(Settings()))
    rules = rules_in_force({})
    store.put_objectives(type(rules)({"latency-budget": rules.rule["latency-budget"]}))
    assert [one.rule for one in card_of(connection).budgets] == ["latency-budget"]
    assert WEEK.sunday - timedelta(days=6) == WEEK.monday
