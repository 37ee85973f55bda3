"""Two workers write at once, one statement at a time, by a seed: nothing is lost, doubled or counted wrongly."""

from __future__ import annotations

import os

import pytest

import sink.write.writer
from signaltape import Secret
from sink.db import connect
from sink.write.writer import BatchWriter
from tests.simulation.writer.running import run
from tests.support.entries import accepted
from tests.support.samples import closed
from tests.support.tree import seed_of_this_tree

pytestmark = pytest.mark.deep

_RUNS = 5
_STEPS = 500
#: A run that drops duplicates.
_WITH_DUPLICATES = 3


def test_two_workers_whose_sessions_end_at_any_statement(database: Secret) -> None:
    first = int(os.environ.get("SIGNALTAPE_SEED") or seed_of_this_tree())
    for seed in range(first, first + _RUNS):
        report = run(seed, _STEPS, database.reveal())
        print(report)
        assert not report.violations, "\n".join(
            [*report.story[-200:], str(report), f"again: SIGNALTAPE_SEED={seed}"]
        )


def test_a_writer_that_forgets_to_count_is_found(database: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink.write.writer, "count", lambda _cursor, _dropped: None)
    report = run(_WITH_DUPLICATES, _STEPS, database.reveal())
    assert "duplicate_counts" in report.violations[0]


def test_a_seed_tells_the_same_story_again(database: Secret) -> None:
    stories = [run(_WITH_DUPLICATES, _STEPS, database.reveal()).story for _ in range(2)]
    assert stories[0] == stories[1]


def test_a_database_that_holds_anything_else_is_left_alone(database: Secret) -> None:
    with connect(database) as connection:
        BatchWriter(connection).write([accepted("signal_closed", closed())])
    with pytest.raises(ValueError, match="in use"):
        run(1, 1, database.reveal())
