"""The guard over real servers: what is measured counts once, an alert is told once, a new guard goes on from there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guard.operations import listed
from guard.tape_store import Overtaken, TapeStore
from signaltape import Settings
from sink.db import Connection
from tests.support.ghosting import told
from tests.support.guarding import ENDPOINT, Guard, Measures
from tests.support.waiting import eventually


@pytest.fixture
def measures(redis_client: Any, settings: Settings) -> Measures:
    return Measures(redis_client, settings.stream)


@pytest.fixture
def guard(settings: Settings, connection: Connection) -> Guard:
    return Guard(settings, connection)


def test_records_of_a_minute_are_one_row(measures: Measures, guard: Guard) -> None:
    at = datetime(2026, 11, 29, 3, 0, 10, tzinfo=UTC)
    measures.put(100, 200, at=at, statuses={"2xx": 1, "5xx": 1}, examples=["r-1"])
    measures.put(700, at=at + timedelta(seconds=20))
    measures.put(50, at=at + timedelta(minutes=1))
    counted = guard.run()
    assert counted.measurements == 3
    first, second = guard.minutes()
    assert (first["n"], first["sum"], first["worst"], first["last"]) == (3, 1000, 700, 700)
    assert (first["n2xx"], first["n5xx"], first["examples"]) == (2, 1, ["r-1"])
    assert sum(first["bucket_n"]) == 3
    assert (second["n"], second["name"], second["engine"]) == (1, ENDPOINT, "ib-1")


def test_a_record_that_is_sent_again_counts_once(measures: Measures, guard: Guard) -> None:
    """In the same stretch of the tape, and behind it: its shipper was killed, or Redis had forgotten it."""
    again = measures.put(100)
    measures.put(100, record_id=again)
    assert (guard.run().measurements, guard.run().measurements) == (1, 0)
    measures.put(100, record_id=again)
    counted = guard.run()
    assert (counted.measurements, counted.again) == (0, 1)
    assert [row["n"] for row in guard.minutes()] == [1]


def test_a_place_that_was_lost_makes_nothing_count_twice(
    measures: Measures, guard: Guard, connection: Connection
) -> None:
    for value in range(1, 50):
        measures.put(value)
    guard.run()
    before = guard.minutes()
    connection.execute("DELETE FROM guard_position")
    assert guard.run().again == 49
    assert guard.minutes() == before


def test_who_was_overtaken_writes_nothing(
    measures: Measures, guard: Guard, connection: Connection, settings: Settings
) -> None:
    """As behind a pooler that gives the lock's session to somebody else."""
    measures.put(100)
    guard.run()
    store = TapeStore(connection, ())
    place = store.positions()
    measures.put(100)
    guard.run()
    before = guard.minutes()
    with pytest.raises(Overtaken):
        store.commit([], place, dict.fromkeys(place, "99-0"), datetime.now(UTC))
    assert (guard.minutes(), store.positions() != dict.fromkeys(place, "99-0")) == (before, True)


def test_an_alert_fires_is_told_once_and_is_over_once_by_however_many_guards(
    measures: Measures, guard: Guard, settings: Settings, redis_client: Any
) -> None:
    measures.put(900, 900, 900, examples=["r-slow"])
    guard.run()
    assert [(one["state"], one["told"]) for one in guard.alerts()] == [("firing", 0)]
    eventually(lambda: guard.run() and guard.messages())
    for _ in range(3):
        guard.run()
    (message,) = guard.messages()
    assert "An endpoint is slow" in message
    assert ENDPOINT in message
    assert "r-slow" in message
    measures.put(*[10] * 1000)
    eventually(lambda: guard.run() and [one["state"] for one in guard.alerts()] == ["resolved"])
    guard.run()
    assert len(guard.messages()) == 2
    eventually(lambda: len(told(redis_client, settings, "system_alert")) == 2)
    said = told(redis_client, settings, "system_alert")
    assert [(one["state"], one["rule"]) for one in said] == [("firing", "rest-p95"), ("resolved", "rest-p95")]


def test_what_a_person_sees(measures: Measures, guard: Guard, settings: Settings) -> None:
    measures.put(900)
    guard.run()
    found = listed(settings, datetime.now(UTC))
    assert [(one.rule, one.state) for one in found.open] == [("rest-p95", "firing")]
    assert found.at_work
    assert not listed(settings, datetime.now(UTC) + timedelta(minutes=5)).at_work
