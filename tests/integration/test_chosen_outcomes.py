"""Scorecards of a part of the signals, against what is counted by hand; and the indexes that a search needs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from reports.chosen import ALL, Chosen, Days
from reports.scorecard import compute
from reports.slices import cut
from sink.admin import indexes
from sink.admin.migrate import migrate
from sink.db import Connection
from tests.integration.test_recount import events
from tests.support import recount
from tests.support.book import W03, Book


@pytest.fixture
def mixed(book: Book) -> Book:
    chance = random.Random(1)
    for n in range(60):
        changes: dict[str, Any] = {
            "symbol": chance.choice(["A", "B"]),
            "setup": chance.choice(["x", None]),
            "rules_version": chance.choice(["v1", "v2"]),
            "scenarios": {"primary": {"side": chance.choice(["long", "short"])}},
        }
        signal_id = book.signal(
            chance.choice(["0.4", "0.6", "0.85"]), at=f"2022-01-{17 + n % 7}T{n % 24:02d}:00:00", **changes
        )
        if chance.random() < 0.7:
            by = chance.choice(["signal", "ghost"])
            book.close(signal_id, chance.choice(["1.65", "-1", "0.3"]), by=by)
        elif chance.random() < 0.5:
            book.invalidate(signal_id, "sl")
    return book


def of(life: recount.Life, chosen: Chosen) -> bool:
    published = life["signal_published"]
    side = published["scenarios"]["primary"]["side"]
    at = recount._moment(published)
    has = Chosen(
        published["symbol"],
        side,
        published.get("setup"),
        published["rules_version"],
        at.hour,
        at.isoweekday(),
        life["by"]["who"],
    )
    return all(wanted in (None, there) for wanted, there in zip(chosen, has, strict=True))


@pytest.mark.parametrize(
    "chosen",
    [
        Chosen(symbol="A"),
        Chosen(side="short", rules="v2"),
        Chosen(setup="x"),
        Chosen(hour=3),
        Chosen(weekday=7),
        Chosen(outcome_from="ghost"),
        Chosen(symbol="A", outcome_from="engine"),
    ],
)
def test_a_part_is_counted_as_by_hand(mixed: Book, connection: Connection, chosen: Chosen) -> None:
    lives = [one for one in recount.lives(events(connection), W03.since, W03.until) if of(one, chosen)]
    assert lives
    card = compute(connection, W03, chosen=chosen)
    side = cut(connection, Days(W03.monday, W03.sunday), chosen, 0.1)
    assert (side.bins, side.figures, side.verdict) == (card.bins, card.figures, card.verdict)
    for found, counted in zip(card.bins, recount.bins(lives), strict=True):
        said = {**found._asdict(), "expectancy": found.expectancy.mean_r if found.expectancy else None}
        assert {name: said[name] for name in counted} == counted
    assert (card.layers.proposal, card.revised, card.quality) == (None, [], (0, 0, 0, 0))


def test_hours_and_weekdays_add_up_to_the_week(mixed: Book, connection: Connection) -> None:
    days = Days(W03.monday, W03.sunday)
    whole = cut(connection, days, ALL, 0.1).figures
    hours = [cut(connection, days, Chosen(hour=hour), 0.1).figures for hour in range(24)]
    weekdays = [cut(connection, days, Chosen(weekday=day), 0.1).figures for day in range(1, 8)]
    for parts in (hours, weekdays):
        assert sum(one.published for one in parts) == whole.published
        assert sum(one.wins for one in parts) == whole.wins


def test_postgres_puts_the_choice_into_the_query_and_drops_what_is_not_asked(connection: Connection) -> None:
    plan = "\n".join(
        row[0]
        for row in connection.execute(
            "EXPLAIN SELECT count(*) FROM chosen_outcomes(symbol => %s, outcome => NULL)", ("A",)
        )
    )
    assert "chosen_outcomes" not in plan
    assert "signal_closures" not in plan
    assert "symbol = 'A'" in plan


@pytest.mark.parametrize(
    ("outcome", "tables"),
    [
        (None, {"signals"}),
        ("won", {"signals", "signal_closures", "ghost_closures", "signal_invalidations"}),
        ("triggered", {"signals", "signal_triggers", "ghost_triggers"}),
    ],
)
def test_only_what_is_asked_for_is_read(
    connection: Connection, outcome: str | None, tables: set[str]
) -> None:
    plan = planned(connection, "SELECT count(*) FROM chosen_outcomes(outcome => %s)", outcome)
    assert {table for _, table in plan} == tables
    joined = [table for parent, table in plan if parent != "SubPlan"]
    assert sorted(joined) == sorted({*tables} - {"signal_invalidations"}), "asked only where nobody closed it"


def test_the_view_leaves_room_for_one_table_more_in_a_query(connection: Connection) -> None:
    """Of more than eight (join_collapse_limit) the planner joins all signals before those that were found."""
    plan = planned(connection, "SELECT * FROM signal_outcomes WHERE symbol = %s", "A")
    assert len([table for parent, table in plan if parent != "SubPlan"]) == 7


def planned(connection: Connection, query: str, asked: str | None) -> list[tuple[str, str]]:
    """The tables that a plan reads, each with how what reads it stands to the rest."""
    row = connection.execute(f"EXPLAIN (FORMAT JSON) {query}".encode(), (asked,)).fetchone()
    assert row is not None
    return list(_tables(row[0][0]["Plan"], ""))


def _tables(node: dict[str, Any], within: str) -> Iterator[tuple[str, str]]:
    within = within or ("SubPlan" if node.get("Parent Relationship") == "SubPlan" else "")
    if "Relation Name" in node:
        yield within, node["Relation Name"]
    for inner in node.get("Plans", ()):
        yield from _tables(inner, within)


def test_an_index_that_was_broken_off_is_built_anew(connection: Connection) -> None:
    assert indexes.missing(connection) == []
    connection.execute("DROP INDEX signals_ref")
    connection.execute("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'signals_symbol'::regclass")
    assert indexes.missing(connection) == ["signals_symbol", "signals_ref"]
    assert migrate(connection) == []
    assert indexes.missing(connection) == []
