"""A worker that stands still amid a transaction: who took over what it had in hand does not wait for it for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from consumer.accepted import Outcome
from consumer.decoding.columns import Records
from consumer.decoding.decode import Batch
from consumer.writing import SinkUnavailable
from signaltape import Secret
from sink.write.lines import prepare
from tests.support.entries import life
from tests.support.samples import new_id
from tests.support.waiting import happened
from worker.loop import _Tables

#: Far more than the time after which the server ends the session.
FOR_EVER_S = 20


class StandStill:
    """Whoever first comes to the end of a batch stands still there, before the commit, until it may go on."""

    def __init__(self) -> None:
        self.there, self.goes_on = threading.Event(), threading.Event()

    def __call__(self, place: str) -> None:
        if place == "sink.after_copy" and not self.there.is_set():
            self.there.set()
            self.goes_on.wait(FOR_EVER_S)


@pytest.fixture
def standstill(monkeypatch: pytest.MonkeyPatch) -> StandStill:
    made = StandStill()
    monkeypatch.setattr("sink.write.writer.failpoint", made)
    monkeypatch.setattr("worker.loop.MOST_IDLE_S", 3, raising=False)
    return made


@pytest.fixture
def tables(database: Secret) -> Iterator[Callable[[], _Tables]]:
    made: list[_Tables] = []

    def make() -> _Tables:
        made.append(_Tables(database))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_server_ends_its_session(tables: Callable[[], _Tables], standstill: StandStill) -> None:
    batch = prepare(Batch({}, life(new_id()), [], 0, Records()))
    frozen, other = tables(), tables()
    with ThreadPoolExecutor(1) as beside:
        first = beside.submit(frozen.write, batch)
        happened(standstill.there)
        other.write(batch)
        standstill.goes_on.set()
        with pytest.raises(SinkUnavailable) as caught:
            first.result()
    assert not caught.value.refused
    frozen.write(batch)
    assert (other.total, frozen.total) == (Outcome(stored=4), Outcome(duplicates=4))
