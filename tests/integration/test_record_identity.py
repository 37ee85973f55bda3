"""A record is its id: once, whatever its time says, from whatever worker, and the first one wins."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.accepted import Outcome
from signaltape import Secret
from sink.db import Connection, connect
from sink.write.writer import BatchWriter
from tests.support.kept import entry, records, uuid7
from tests.support.waiting import LONGEST_S, ended

pytestmark = pytest.mark.deep

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def new_uuid7() -> str:
    return uuid7(NOW)


def new_uuid4() -> str:
    return str(uuid.uuid4())


def rows(connection: Connection, record_id: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT ts, payload->>'n' FROM records WHERE record_id = %s", (record_id,)
    ).fetchall()


def kept_aside(connection: Connection, record_id: str) -> list[str]:
    found = connection.execute(
        "SELECT payload->>'n' FROM event_conflicts WHERE event_id = %s ORDER BY 1", (record_id,)
    )
    return [one for (one,) in found.fetchall()]


@pytest.mark.parametrize("make_id", [new_uuid7, new_uuid4])
@pytest.mark.parametrize("name", ["market_trade", "state_event"])
def test_a_record_without_a_time_that_is_added_twice_is_one(
    connection: Connection, name: str, make_id: Callable[[], str]
) -> None:
    """Its time is that of its entry: another one each time, and another day."""
    writer, one = BatchWriter(connection), make_id()
    assert writer.write([], (), records([entry(name, one, at=NOW)])) == Outcome(stored=1)
    again = records([entry(name, one, at=NOW + timedelta(seconds=1)), entry(name, one, at=NOW + 2 * DAY)])
    assert writer.write([], (), again) == Outcome(duplicates=2)
    assert [round(ts.timestamp(), 3) for ts, _ in rows(connection, one)] == [
        int(NOW.timestamp() * 1000) / 1000
    ]


@pytest.mark.parametrize("make_id", [new_uuid7, new_uuid4])
def test_the_same_id_with_other_content_is_a_conflict_that_is_kept(
    connection: Connection, make_id: Callable[[], str]
) -> None:
    writer, one = BatchWriter(connection), make_id()
    batch = records(entry("order_log", one, at=NOW + n * DAY, n=n) for n in range(3))
    assert writer.write([], (), batch) == Outcome(stored=1, conflicts=2)
    assert writer.write([], (), batch) == Outcome(duplicates=1, conflicts=2)
    other_kind = records([entry("trade_log", one, at=NOW, n=3)])
    assert writer.write([], (), other_kind) == Outcome(conflicts=1)
    assert [n for _, n in rows(connection, one)] == ["0"]
    assert kept_aside(connection, one) == ["1", "2", "3"]


def test_two_workers_at_once_store_a_record_once(database: Secret, connection: Connection) -> None:
    ids = [make() for _ in range(40) for make in (new_uuid7, new_uuid4)]
    barrier = threading.Barrier(3, timeout=LONGEST_S)
    outcomes: list[Outcome] = []

    def work(offset: int) -> None:
        with connect(database) as own:
            writer = BatchWriter(own)
            barrier.wait()
            for start in range(0, len(ids), 20):
                few = ids[start : start + 20]
                at = NOW + offset * timedelta(hours=7)
                batch = records(entry("market_trade", one, at=at, n=offset % 2) for one in few)
                while True:
                    try:
                        outcomes.append(writer.write([], (), batch))
                        break
                    except psycopg.errors.DeadlockDetected:
                        continue  # what the worker does: the whole batch again

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(3)]
    for thread in threads:
        thread.start()
    ended(*threads)
    total = Outcome()
    for outcome in outcomes:
        total = total.plus(outcome)
    found = connection.execute("SELECT record_id::text, payload->>'n' FROM records").fetchall()
    assert sorted(one for one, _ in found) == sorted(ids)
    aside = connection.execute("SELECT event_id::text, payload->>'n' FROM event_conflicts").fetchall()
    assert {(one, str(1 - int(n))) for one, n in found} == set(aside)
    assert (total.stored, sum(total)) == (len(ids), 3 * len(ids))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(0, 3),  # which id
                st.integers(-3, 3),  # in which direction its time is off, in days
                st.integers(0, 1),  # its content
            ),
            min_size=1,
            max_size=8,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_of_each_id_the_first_is_stored_and_all_other_contents_are_kept(
    connection: Connection, batches: list[list[tuple[int, int, int]]]
) -> None:
    writer = BatchWriter(connection)
    ids = [new_uuid7(), new_uuid7(), new_uuid4(), uuid7(NOW - 400 * DAY)]
    first: dict[str, int] = {}
    others: dict[str, set[int]] = {one: set() for one in ids}
    expected = Outcome()
    total = Outcome()
    for batch in batches:
        entries = []
        for which, off, n in batch:
            one = ids[which]
            entries.append(entry("market_trade", one, at=NOW + off * DAY, n=n))
            if first.setdefault(one, n) != n:
                others[one].add(n)
                expected = expected.plus(Outcome(conflicts=1))
        total = total.plus(writer.write([], (), records(entries)))
    handed_on = sum(map(len, batches))
    expected = expected.plus(Outcome(len(first), handed_on - len(first) - expected.conflicts))
    assert total == expected
    for one in ids:
        assert [n for _, n in rows(connection, one)] == ([str(first[one])] if one in first else [])
        assert kept_aside(connection, one) == [str(n) for n in sorted(others[one])]
