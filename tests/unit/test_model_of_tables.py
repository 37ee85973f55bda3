"""The model of Postgres that worlds are simulated with keeps what transactions promise, whatever comes between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest
from greenlet import greenlet

from consumer.accepted import Accepted, DeadLetter, Outcome
from consumer.decoding.columns import Records
from consumer.decoding.decode import Batch
from sink.write.lines import Prepared, prepare
from tests.simulation.tables.database import ModelDatabase
from tests.simulation.tables.jsonb import meaning, text
from tests.simulation.tables.session import ModelConnection
from tests.simulation.tables.writer import ModelWriter
from tests.support.entries import NOON, accepted
from tests.support.samples import closed, new_id, triggered


class Tasks:
    """Tasks that take turns at each pause; `script` says who, by number, as long as it lasts."""

    def __init__(self) -> None:
        self.database = ModelDatabase(self._pause, self._wait)
        self._tasks: list[greenlet] = []
        self._main = greenlet.getcurrent()
        self.results: dict[int, Any] = {}
        self.at: dict[int, str] = {}

    def start(self, work: Callable[[], Any]) -> int:
        number = len(self._tasks)

        def run() -> None:
            try:
                self.results[number] = work()
            except psycopg.Error as error:
                self.results[number] = error

        self._tasks.append(greenlet(run))
        return number

    def until(self, number: int, where: str) -> None:
        """Let one task go on until it pauses there."""
        while self.at.get(number) != where:
            assert number not in self.results, f"it has ended: {self.results[number]!r}"
            self._tasks[number].switch()

    def finish(self, *numbers: int) -> list[Any]:
        """Let these tasks take turns until all have ended; what came of each."""
        for _ in range(1000):
            for number in numbers:
                if number not in self.results:
                    self._tasks[number].switch()
        return [self.results[number] for number in numbers]

    def _pause(self, where: str) -> None:
        current = greenlet.getcurrent()
        if current in self._tasks:
            self.at[self._tasks.index(current)] = where
            self._main.switch()

    def _wait(self, predicate: Callable[[], bool], timeout_s: float | None) -> bool:
        while not predicate():
            if timeout_s is not None:
                return False
            self._pause("waiting")
        return True


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


def batch(*entries: Accepted, dead: tuple[DeadLetter, ...] = ()) -> Prepared:
    return prepare(Batch({}, list(entries), list(dead), 0, Records()))


def letter(number: int) -> DeadLetter:
    return DeadLetter("s:{0}", f"{number}-0", None, b"", b"", "broken", NOON)


def session(tasks: Tasks) -> ModelConnection:
    return tasks.database.connect("url")


def test_a_key_that_another_holds_is_waited_for_and_is_a_duplicate_then(tasks: Tasks) -> None:
    one = accepted("signal_closed", closed(new_id()))
    first = tasks.start(lambda: ModelWriter(session(tasks)).write_prepared(batch(one)))
    second = tasks.start(lambda: ModelWriter(session(tasks)).write_prepared(batch(one)))
    tasks.until(first, "commit")
    tasks.until(second, "waiting")
    assert tasks.finish(first, second) == [Outcome(stored=1), Outcome(duplicates=1)]
    assert tasks.database.duplicate_counts.total() == 1
    assert [[fate.became for fate in commit.fates] for commit in tasks.database.commits] == [
        ["stored"],
        ["duplicate"],
    ]


@pytest.mark.parametrize("by", ["cut", "end_session"])
def test_a_key_whose_holder_ends_is_inserted(tasks: Tasks, by: str) -> None:
    one = accepted("signal_closed", closed(new_id()))
    ending = session(tasks)
    first = tasks.start(lambda: ModelWriter(ending).write_prepared(batch(one)))
    second = tasks.start(lambda: ModelWriter(session(tasks)).write_prepared(batch(one)))
    tasks.until(first, "commit")
    tasks.until(second, "waiting")
    getattr(tasks.database, by)(ending)
    assert tasks.finish(second) == [Outcome(stored=1)]
    (error,) = tasks.finish(first)
    assert isinstance(error, psycopg.OperationalError)
    assert len(tasks.database.events) == 1


def test_a_deadlock_is_told_to_one_of_the_two(tasks: Tasks) -> None:
    both = [accepted("signal_closed", closed(new_id())) for _ in range(2)]
    first = tasks.start(lambda: ModelWriter(session(tasks)).write_prepared(batch(*both)))
    second = tasks.start(lambda: ModelWriter(session(tasks)).write_prepared(batch(*both[::-1])))
    tasks.until(first, "copy events, half of it")
    tasks.until(second, "waiting")
    kinds = Counter(type(result) for result in tasks.finish(first, second))
    assert kinds == {psycopg.errors.DeadlockDetected: 1, Outcome: 1}
    assert len(tasks.database.events) == 2


def test_an_answer_that_is_lost_leaves_what_is_committed(tasks: Tasks) -> None:
    one = batch(accepted("signal_closed", closed(new_id())), dead=(letter(1),))
    tasks.database.lose_commit_answer = lambda: True
    with pytest.raises(psycopg.OperationalError):
        ModelWriter(session(tasks)).write_prepared(one)
    tasks.database.lose_commit_answer = lambda: False
    assert ModelWriter(session(tasks)).write_prepared(one) == Outcome(duplicates=1, dead=1)
    assert [commit.answered for commit in tasks.database.commits] == [False, True]
    assert tasks.database.dead_letters == {("s:{0}", "1-0"): "broken"}


@pytest.mark.parametrize("where", ["begin", "copy events", "keep dead letters", "commit"])
def test_nothing_is_left_of_a_batch_whose_session_was_cut(tasks: Tasks, where: str) -> None:
    cut = session(tasks)
    one = batch(accepted("signal_closed", closed(new_id())), dead=(letter(1),))
    task = tasks.start(lambda: ModelWriter(cut).write_prepared(one))
    tasks.until(task, where)
    tasks.database.cut(cut, "57P01")
    (error,) = tasks.finish(task)
    assert error.sqlstate == "57P01"
    assert not tasks.database.events
    assert not tasks.database.dead_letters
    assert not tasks.database.commits


def test_what_is_there_is_a_duplicate_or_is_kept_as_a_conflict(tasks: Tasks) -> None:
    writer = ModelWriter(session(tasks))
    one, other = new_id(), new_id()
    first = accepted("signal_closed", closed(one, rr_realized=1.5))
    contrary = accepted("signal_closed", closed(one, rr_realized=-1))
    fresh = accepted("signal_triggered", triggered(other))
    assert writer.write_prepared(batch(first, first, contrary)) == Outcome(1, 1, 1)
    assert writer.write_prepared(batch(fresh, contrary, first)) == Outcome(1, 1, 1)
    assert tasks.database.events[one, "signal_closed"] == first.payload
    assert list(tasks.database.conflicts.values()) == [contrary.payload]


def test_a_refused_row_becomes_a_dead_letter_and_a_refused_statement_an_error(tasks: Tasks) -> None:
    writer = ModelWriter(session(tasks))
    entries = [accepted("signal_closed", closed(new_id())) for _ in range(5)]
    tasks.database.refusing = lambda entry: "23514" if entry is entries[3] else None
    assert writer.write_prepared(batch(*entries)) == Outcome(stored=4, dead=1)
    tasks.database.refusing = lambda _: "42501"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        writer.write_prepared(batch(*entries))
    assert len(tasks.database.events) == 4


def test_a_lock_is_waited_for_unless_the_session_is_broken_off(tasks: Tasks) -> None:
    waiting, broken = session(tasks), session(tasks)
    tasks.database.locked = True
    entry = accepted("signal_closed", closed(new_id()))
    writes = [
        tasks.start(partial(ModelWriter(one).write_prepared, batch(entry))) for one in (waiting, broken)
    ]
    for task in writes:
        tasks.until(task, "waiting")
    assert tasks.database.session_of(broken.fileno()) is broken
    broken.shut_down()
    (error,) = tasks.finish(writes[1])
    assert isinstance(error, psycopg.OperationalError)
    tasks.database.locked = False
    assert tasks.finish(writes[0]) == [Outcome(stored=1)]


def test_while_the_server_is_away_nobody_connects_and_nobody_writes(tasks: Tasks) -> None:
    before = session(tasks)
    tasks.database.away = True
    with pytest.raises(psycopg.OperationalError):
        session(tasks)
    tasks.database.away = False
    with pytest.raises(psycopg.OperationalError):
        ModelWriter(before).write_prepared(batch(dead=(letter(1),)))
    assert before.closed
    assert ModelWriter(session(tasks)).write_prepared(batch(dead=(letter(1),))) == Outcome(dead=1)


@pytest.mark.parametrize(
    ("payload", "shown", "meant"),
    [
        (b'{"bb":1.50,"a":-0.0,"c":[true,null]}', '{"a": 0.0, "c": [true, null], "bb": 1.50}', None),
        (b'{"a":1,"a":1e3}', '{"a": 1000}', b'{"a":1000.0}'),
        (b'"\\u00e9\\u0001/"', '"\u00e9\\u0001/"', b'"\xc3\xa9\\u0001\\/"'),
    ],
)
def test_json_as_postgres_shows_it(payload: bytes, shown: str, meant: bytes | None) -> None:
    assert text(payload) == shown
    assert meant is None or meaning(meant) == meaning(payload)


def test_true_is_not_one() -> None:
    assert meaning(b'{"a":true}') != meaning(b'{"a":1}')
