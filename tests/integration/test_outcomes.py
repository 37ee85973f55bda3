"""What the writer says became of a batch is what became of it, however often it was split and tried again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.accepted import Outcome
from sink import quality
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.support.entries import accepted
from tests.support.samples import closed, new_id

#: An outcome that the table of this test rejects.
POISON = 13
_EVENTS = st.tuples(st.integers(0, 3), st.sampled_from([1, 2, POISON]))


@pytest.fixture
def picky(connection: Connection) -> Connection:
    connection.execute(f"ALTER TABLE signal_closures ADD CONSTRAINT picky CHECK (rr_realized <> {POISON})")
    return connection


def count(connection: Connection, query: bytes) -> int:
    row: Any = connection.execute(query).fetchone()
    return int(row[0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_EVENTS, min_size=1, max_size=8), min_size=1, max_size=4))
def test_the_numbers_add_up_event_by_event(picky: Connection, batches: list[list[tuple[int, int]]]) -> None:
    picky.execute("TRUNCATE signal_events, signal_closures, event_conflicts, duplicate_counts, dead_letters")
    writer, ids = BatchWriter(picky), [new_id() for _ in range(4)]
    first: dict[int, int] = {}
    contrary: set[tuple[int, int]] = set()
    total, expected = Outcome(), Outcome()
    for batch in batches:
        for which, rr in batch:
            if which not in first and rr == POISON:
                expected = expected.plus(Outcome(dead=1))
            elif first.setdefault(which, rr) == rr:
                expected = expected.plus(Outcome(duplicates=1))
            else:
                contrary.add((which, rr))
                expected = expected.plus(Outcome(conflicts=1))
        events = [accepted("signal_closed", closed(ids[which], rr_realized=rr)) for which, rr in batch]
        total = total.plus(writer.write(events))
    expected = expected.plus(Outcome(stored=len(first), duplicates=-len(first)))
    assert total == expected
    stored = picky.execute("SELECT signal_id::text, rr_realized FROM signal_closures").fetchall()
    assert {one: int(rr) for one, rr in stored} == {ids[which]: rr for which, rr in first.items()}
    assert count(picky, b"SELECT coalesce(sum(duplicates), 0) FROM duplicate_counts") == expected.duplicates
    assert count(picky, b"SELECT count(*) FROM event_conflicts") == len(contrary)
    assert count(picky, b"SELECT count(*) FROM dead_letters") == expected.dead
    assert quality.disagreements(picky) == {}
