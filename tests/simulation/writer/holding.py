"""Holds the tables against the model, to which the same batches were given in the order of their commits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg

from consumer.accepted import Accepted, AcceptedRecord, DeadLetter, Outcome
from consumer.writing import SinkUnavailable
from sink import counters
from sink.admin.rebuild import rebuild
from sink.db import Connection
from sink.queries import load
from sink.write.lines import Prepared
from tests.simulation.tables import jsonb
from tests.simulation.tables.database import ModelDatabase
from tests.simulation.tables.writer import ModelWriter
from tests.simulation.writer.players import Player
from tests.simulation.writer.script import DENIED, REFUSED
from tests.simulation.writer.sessions import SteppingConnection

SQL = load(Path(__file__).parent / "database.sql")
_DETAILS = (
    *("signals", "signal_triggers", "signal_invalidations", "signal_closures", "signal_layers"),
    *("ghost_triggers", "ghost_invalidations", "ghost_closures"),
)
_REJECTED = "Postgres rejects it: "
_SHOWN = 3

_text = lru_cache(maxsize=None)(jsonb.text)


class Holding:
    """What is wrong so far is in `violations`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._database = ModelDatabase(lambda _: None, lambda predicate, _: predicate())
        self._database.refusing = _refused
        self._writers: dict[int, tuple[SteppingConnection | None, ModelWriter]] = {}
        self._outcomes: dict[int, Outcome] = {}
        #: of all batches that are in Postgres
        self._total = Outcome()
        self.violations: list[str] = []

    def committed(self, player: Player, batch: Prepared) -> None:
        """A batch is in Postgres."""
        try:
            outcome = self._writer(player).write_prepared(batch)
        except psycopg.Error as error:
            self.violations.append(f"worker {player.number}: stored, and the model refuses it: {error}")
            return
        size = batch.size - batch.batch.vanished
        if sum(outcome) != size:
            self.violations.append(f"worker {player.number}: {outcome} of a batch of {size} entries")
        self._outcomes[player.number] = outcome
        self._total = self._total.plus(outcome)

    def answered(self, player: Player, outcome: Outcome) -> None:
        """A worker was told what became of its batch."""
        expected = self._outcomes.pop(player.number, Outcome())
        if outcome != expected:
            self.violations.append(f"worker {player.number}: {outcome}, expected {expected}")

    def failed(self, player: Player, batch: Prepared, error: SinkUnavailable) -> None:
        """A worker was told that its batch is not written."""
        self._outcomes.pop(player.number, None)
        if error.refused:
            try:
                outcome = self._writer(player).write_prepared(batch)
            except psycopg.Error as expected:
                own = getattr(error.__cause__, "sqlstate", None)
                if own != expected.sqlstate:
                    self.violations.append(f"refused with {own}, expected {expected.sqlstate}: {error}")
            else:
                self.violations.append(f"worker {player.number}: refused, expected {outcome}: {error}")

    def compare(self) -> None:
        """Every table, but those of details, row by row; and of details that they are there."""
        model = self._database
        self._same(
            "signal_events",
            {(signal, event): (payload, day) for signal, event, payload, day in self._rows("events")},
            {key: (_text(payload), model.event_days[key]) for key, payload in model.events.items()},
        )
        self._same(
            "records",
            {(group, one): (name, payload) for group, one, name, payload in self._rows("records")},
            {
                (group, one): (name, _text(payload))
                for group, records in model.records_by_group.items()
                for one, (name, payload) in records.items()
            },
        )
        self._same("event_conflicts", dict.fromkeys(self._rows("conflicts")), dict.fromkeys(model.conflicts))
        self._same(
            "dead_letters",
            {(stream, entry_id): _why(reason) for stream, entry_id, reason in self._rows("dead_letters")},
            {place: _why(reason) for place, reason in model.dead_letters.items()},
        )
        self._same("duplicate_counts", dict(self._rows("duplicate_counts")), dict(model.duplicate_counts))
        self._compare_counters()
        if isolated := self._rows("isolated"):
            self.violations.append(f"events without details, or the other way round: {isolated[:_SHOWN]}")

    def _compare_counters(self) -> None:
        """Every counter comes to what the tables hold; what leaves no row, to what became of the batches."""
        ever, total = counters.read(self._connection), self._total
        counted = {**ever.there_now, "stored": ever.events_stored + ever.records_stored}
        counted["duplicates"] = ever.event_duplicates + ever.record_duplicates
        rows = {name: n for name, (_, n) in counters.differences(self._connection).items()}
        expected = {**ever.there_now, **rows, "stored": total.stored, "duplicates": total.duplicates}
        self._same("sink_counters", counted, expected)

    def finish(self) -> None:
        """At the end: the details are those that `rebuild` makes of the journal."""
        self.compare()
        with self._connection.transaction(force_rollback=True):
            before = {table: self._all(table) for table in _DETAILS}
            rebuild(self._connection)
            for table, rows in before.items():
                self._same(table, dict.fromkeys(rows), dict.fromkeys(self._all(table)))

    def _all(self, table: str) -> list[Any]:
        query = f"SELECT t::text FROM {table} t"
        return self._connection.execute(query.encode()).fetchall()

    def _rows(self, name: str) -> list[Any]:
        return self._connection.execute(SQL[name]).fetchall()

    def _same(self, what: str, found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> None:
        if found == expected:
            return
        wrong = {
            "missing": [key for key in expected if key not in found],
            "too many": [key for key in found if key not in expected],
            "other": [
                (key, found[key], expected[key])
                for key in found
                if found[key] != expected.get(key, found[key])
            ],
        }
        said = "; ".join(f"{len(keys)} {how}: {keys[:_SHOWN]}" for how, keys in wrong.items() if keys)
        self.violations.append(f"{what}: {said}")

    def _writer(self, player: Player) -> ModelWriter:
        """The model's writer of a worker: a new one for a new session."""
        known, writer = self._writers.get(player.number, (None, None))
        if writer is None or known is not player.session:
            writer = ModelWriter(self._database.connect("model"))
            self._writers[player.number] = player.session, writer
        return writer


def _refused(entry: Accepted | AcceptedRecord | DeadLetter) -> str | None:
    symbol = None
    if isinstance(entry, Accepted):
        symbol = entry.decoded.event.symbol
    elif isinstance(entry, AcceptedRecord):
        symbol = entry.symbol
    return {REFUSED: "23514", DENIED: "42501"}.get(symbol or "")


def _why(reason: str) -> str:
    return _REJECTED if reason.startswith(_REJECTED) else reason
