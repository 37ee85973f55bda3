"""Two workers that hold the same entries, in another order each, do not lock each other out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest

from consumer.accepted import DeadLetter
from signaltape import Secret
from sink.db import Connection, connect
from sink.write.writer import BatchWriter
from tests.support.entries import NOON, accepted
from tests.support.samples import closed, new_id
from tests.support.waiting import LONGEST_S, ended

Write = Callable[[BatchWriter, int], object]


def errors_of_two(database: Secret, write: Write) -> list[psycopg.Error]:
    """What two workers meet that write at the same time, one in order 1, one in order -1."""
    barrier = threading.Barrier(2, timeout=LONGEST_S)
    errors: list[psycopg.Error] = []

    def work(order: int) -> None:
        with connect(database) as own:
            writer = BatchWriter(own)
            barrier.wait()
            try:
                write(writer, order)
            except psycopg.Error as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    ended(*threads)
    return errors


def test_the_same_dead_letters(database: Secret) -> None:
    now = datetime.now(UTC)
    letters = [DeadLetter("s:{0}", f"{n}-0", None, b"", b"", "x", now) for n in range(2000)]
    assert errors_of_two(database, lambda writer, order: writer.write([], letters[::order])) == []


@pytest.mark.parametrize("expecting", [False, True])
def test_the_same_contradictions(database: Secret, connection: Connection, *, expecting: bool) -> None:
    ids = [new_id() for _ in range(1000)]
    BatchWriter(connection).write([accepted("signal_closed", closed(one)) for one in ids])
    contrary = [accepted("signal_closed", closed(one, rr_realized=-1), NOON) for one in ids]

    def write(writer: BatchWriter, order: int) -> None:
        if expecting:
            writer.write(contrary[:1])
        writer.write(contrary[::order])

    assert errors_of_two(database, write) == []
    assert connection.execute("SELECT count(*) FROM event_conflicts").fetchone() == (1000,)
