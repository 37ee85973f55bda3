"""Any interleaving of events, duplicates, retries, claims and replays ends in the tables of in-order delivery."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from consumer.accepted import Accepted
from signaltape import Secret
from sink import quality
from sink.admin.rebuild import rebuild
from sink.db import Connection, connect
from sink.write.rows import DETAIL, LAYER_TABLE
from sink.write.writer import BatchWriter
from tests.attack.effort import TIMES
from tests.integration.stored import tables
from tests.support.entries import accepted
from tests.support.samples import ALL_SAMPLES, LAYERS

pytestmark = pytest.mark.deep

SIGNALS = [str(uuid.UUID(int=number)) for number in range(4)]
EVENTS = [(signal_id, name) for signal_id in SIGNALS for name in ALL_SAMPLES]
_TABLES = ", ".join(("signal_events", LAYER_TABLE, *(table.name for table in DETAIL.values())))


def entry(signal_id: str, name: str) -> Accepted:
    layers = {"layers": LAYERS} if name == "signal_published" else {}
    return accepted(name, ALL_SAMPLES[name](signal_id, **layers))


class AnyOrder(RuleBasedStateMachine):
    """Two writers (two workers) that are given batches of whatever, again and again."""

    database: ClassVar[Secret]
    connection: ClassVar[Connection]
    other: ClassVar[Connection]

    @initialize()
    def empty(self) -> None:
        self.connection.execute(f"TRUNCATE {_TABLES}, event_conflicts, duplicate_counts".encode())
        self.writers = [BatchWriter(self.connection), BatchWriter(self.other)]
        self.delivered: set[tuple[str, str]] = set()
        self.in_hand: list[tuple[str, str]] = []

    @rule(batch=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=10), writer=st.integers(0, 1))
    def deliver(self, batch: list[tuple[str, str]], writer: int) -> None:
        """A batch in any order, with repetitions, by either worker."""
        self.writers[writer].write([entry(*one) for one in batch])
        self.delivered |= set(batch)

    @rule(batch=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=5))
    def crash_before_commit(self, batch: list[tuple[str, str]]) -> None:
        """A worker dies in its transaction; another claims the entries later."""
        with psycopg.connect(self.database.reveal()) as dying:
            dying.execute("SELECT 1")  # so that the batch is only a savepoint in this transaction
            BatchWriter(dying).write([entry(*one) for one in batch])
            dying.rollback()
        self.in_hand += batch

    @rule(writer=st.integers(0, 1))
    def claim(self, writer: int) -> None:
        """What a dead worker had in hand is delivered by one that lives."""
        self.writers[writer].write([entry(*one) for one in self.in_hand])
        self.delivered |= set(self.in_hand)
        self.in_hand = []

    @rule(writer=st.integers(0, 1))
    def replay(self, writer: int) -> None:
        """The whole stretch once more."""
        self.writers[writer].write([entry(*one) for one in sorted(self.delivered)])

    @rule()
    def rebuild(self) -> None:
        before = tables(self.connection)
        rebuild(self.connection)
        assert tables(self.connection) == before

    @invariant()
    def the_tables_are_those_of_in_order_single_delivery(self) -> None:
        if not hasattr(self, "delivered"):
            return
        found = {name: sorted((str(row[0]), *map(str, row[1:])) for row in rows)
                 for name, rows in tables(self.connection).items()}  # fmt: skip
        assert found == _in_order(self.delivered)
        assert quality.disagreements(self.connection) == {}
        row = self.connection.execute("SELECT count(*) FROM event_conflicts").fetchone()
        assert row == (0,)


_expected: dict[frozenset[tuple[str, str]], dict[str, list[Any]]] = {}
_reference: list[Connection] = []


def _in_order(delivered: set[tuple[str, str]]) -> dict[str, list[Any]]:
    """What one worker makes of these events, each once, in order: in a database of its own."""
    key = frozenset(delivered)
    if key not in _expected:
        (connection,) = _reference
        connection.execute(f"TRUNCATE {_TABLES}".encode())
        writer = BatchWriter(connection)
        for signal_id in SIGNALS:
            writer.write([entry(signal_id, name) for name in ALL_SAMPLES if (signal_id, name) in delivered])
        _expected[key] = {
            name: sorted((str(row[0]), *map(str, row[1:])) for row in rows)
            for name, rows in tables(connection).items()
        }
    return _expected[key]


@pytest.fixture
def reference(database: Secret, template: str, servers: Any) -> Iterator[None]:
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE reference TEMPLATE {template} STRATEGY FILE_COPY".encode())
    url = Secret(servers.database.replace("@/postgres?", "@/reference?"))
    with connect(url) as connection:
        _reference.append(connection)
        yield
        _reference.clear()


def test_any_interleaving_gives_the_same_tables(database: Secret, reference: None) -> None:
    with connect(database) as first, connect(database) as second:
        AnyOrder.database, AnyOrder.connection, AnyOrder.other = database, first, second
        run_state_machine_as_test(
            AnyOrder,
            settings=settings(
                max_examples=12 * TIMES,
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
