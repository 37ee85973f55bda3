"""The batch writer as a model: the same order of statements and locks, the same outcomes, no SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

import psycopg
from psycopg import errors

from consumer.accepted import Accepted, AcceptedRecord, DeadLetter, Outcome
from signaltape.contract.records import RECORDS
from sink.write.lines import Prepared
from tests.simulation.tables.commits import CONFLICT, DEAD, DUPLICATE, STORED, Fate
from tests.simulation.tables.jsonb import meaning, text
from tests.simulation.tables.session import ModelConnection

_WIB = timezone(timedelta(hours=7))
#: Groups whose records lie in tables of their own; the others come behind them.
_APART = ("desk", "market")
_PLACES = {f"{group}_records": place for place, group in enumerate(_APART)}
#: Classes of SQLSTATE that lie in a row.
_OF_A_ROW = ("22", "23", "54")
#: The lock_timeout of the function that makes partitions.
_PARTITIONS_WAIT_S = 2.0


class Row(NamedTuple):
    """One event or record: where it goes, and what decides whether it is the same as what is there."""

    entry: Accepted | AcceptedRecord
    table: str
    key: Any
    #: the id under which a conflict is kept
    event_id: str
    #: as `table` holds it
    row: Any


class Written(NamedTuple):
    """What became of rows, and those that Postgres refuses."""

    fates: list[Fate]
    refused: list[DeadLetter]

    def plus(self, other: Written) -> Written:
        """Both together."""
        return Written(self.fates + other.fates, self.refused + other.refused)


class ModelWriter:
    """Stands in for `sink.write.writer.BatchWriter`."""

    def __init__(self, connection: ModelConnection) -> None:
        self._session = connection
        self._database = connection.database
        self._days: set[date] = set()
        #: tables of which duplicates are expected: nothing is copied there at once
        self._expecting: set[str] = set()
        self._dropped: Counter[date] = Counter()

    def write_prepared(self, prepared: Prepared) -> Outcome:
        """Commit one batch. Raises psycopg.Error: then nothing of it is written, or only the answer was lost."""
        batch = prepared.batch
        if not batch.accepted and not batch.dead and not batch.records:
            return Outcome()
        events = [_event(entry) for entry in batch.accepted]
        records = [_record(entry) for entry in batch.records.rows()]
        self._dropped.clear()
        if records:
            self._make_partitions(records)
        session = self._session
        with session.savepoint():
            session.touch("begin")
            of_events = self._write("events", events)
            self._keep_dead(of_events.refused)
            of_records = self._write("records", records)
            self._keep_dead([*batch.dead, *of_records.refused])
            self._count()
            dead = [
                Fate(one.stream, one.entry_id, DEAD)
                for one in (*of_events.refused, *batch.dead, *of_records.refused)
            ]
            session.commit([*of_events.fates, *of_records.fates, *dead])
        for table, written in (("events", of_events), ("records", of_records)):
            if any(fate.became != STORED for fate in written.fates):
                self._expecting.add(table)
            else:
                self._expecting.discard(table)
        session.database.pause("committed")
        return _outcome([*of_events.fates, *of_records.fates, *dead])

    def _make_partitions(self, records: Sequence[Row]) -> None:
        new = {_day(row.entry.ts) for row in records if isinstance(row.entry, AcceptedRecord)} - self._days
        if new:
            # records lie elsewhere if the tables are locked for too long: nothing depends on it
            self._session.statement("make partitions", _PARTITIONS_WAIT_S)
            self._days |= new

    def _write(self, what: str, rows: list[Row]) -> Written:
        if not rows:
            return Written([], [])
        try:
            if what not in self._expecting:
                try:
                    return Written(self._copy(what, rows), [])
                except errors.UniqueViolation:
                    pass
            return Written(self._merge(what, rows), [])
        except psycopg.Error as error:
            if (error.sqlstate or "")[:2] not in _OF_A_ROW:
                raise
            if len(rows) == 1:
                return Written([], [_rejected(rows[0].entry, error)])
            middle = len(rows) // 2
            return self._write(what, rows[:middle]).plus(self._write(what, rows[middle:]))

    def _copy(self, what: str, rows: list[Row]) -> list[Fate]:
        """All rows, in their order; what is there already is an error."""
        with self._session.savepoint():
            self._session.statement(f"copy {what}")
            for position, row in enumerate(rows):
                if position and position == len(rows) // 2:
                    self._session.touch(f"copy {what}, half of it")
                if what == "records":
                    self._look(row.entry)
                if not self._session.insert(row.table, row.key, row.row):
                    raise errors.UniqueViolation("duplicate key value violates unique constraint")
            for row in (
                rows if what == "events" else ()
            ):  # by the rules of a table of details, which comes next
                self._look(row.entry)
            for detail in sorted({row.entry.name for row in rows}) if what == "events" else ():
                self._session.statement(f"copy details of {detail}")
        return [_fate(row, STORED) for row in rows]

    def _merge(self, what: str, rows: list[Row]) -> list[Fate]:
        """What is there already filtered out, the rest in order of its keys; contradictions are kept."""
        became: dict[int, Fate] = {}
        dropped: Counter[date] = Counter()
        contrary: list[Row] = []
        with self._session.savepoint():
            self._session.statement(f"look {what} up")
            known = (
                {position for position, row in enumerate(rows) if self._session.find(row.table, row.key)}
                if what == "events"
                else set()
            )
            self._session.statement(f"merge {what}")
            seen: set[tuple[str, Any]] = set()
            for position, row in _in_order(rows):
                is_first = (row.table, row.key) not in seen
                seen.add((row.table, row.key))
                if is_first and position not in known:
                    self._look(row.entry)
                    if self._session.insert(row.table, row.key, row.row):
                        became[position] = _fate(row, STORED)
                        continue
                there = self._session.find(row.table, row.key)
                if _same(row, there):
                    became[position] = _fate(row, DUPLICATE)
                    if what == "events":
                        dropped[there[1]] += 1
                else:
                    became[position] = _fate(row, CONFLICT)
                    contrary.append(row)
            if contrary:
                self._session.statement(f"keep conflicts of {what}")
            for row in sorted(contrary, key=lambda row: row.event_id):
                payload = row.entry.payload
                self._session.insert("conflicts", (row.event_id, text(payload)), payload)
        self._dropped += dropped
        return [became[position] for position in range(len(rows))]

    def _look(self, entry: Accepted | AcceptedRecord | DeadLetter) -> None:
        sqlstate = self._database.refusing(entry)
        if sqlstate is not None:
            raise errors.lookup(sqlstate)(f"refused with {sqlstate}")

    def _keep_dead(self, dead: Sequence[DeadLetter]) -> None:
        if dead:
            self._session.statement("keep dead letters")
        for letter in sorted(dead, key=_place):
            self._look(letter)
            self._session.insert("dead_letters", (letter.stream, letter.entry_id), letter.reason)

    def _count(self) -> None:
        if self._dropped:
            self._session.statement("count duplicates")
        for day, number in sorted(self._dropped.items()):
            self._session.add(day, number)


def _event(entry: Accepted) -> Row:
    decoded = entry.decoded
    key = (decoded.signal_id, entry.name)
    return Row(entry, "events", key, decoded.event_id, (entry.payload, _day(decoded.ts)))


def _record(entry: AcceptedRecord) -> Row:
    group = RECORDS[entry.name].GROUP.value
    table = f"{group if group in _APART else 'engine'}_records"
    return Row(entry, table, entry.record_id, entry.record_id, (entry.name, entry.payload))


def _day(ts: datetime) -> date:
    return ts.astimezone(_WIB).date()


def _in_order(rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    return iter(sorted(enumerate(rows), key=lambda one: (_PLACES.get(one[1].table, 2), one[1].key, one[0])))


def _same(row: Row, there: Any) -> bool:
    """Whether what is there says the same."""
    if row.table == "events":
        return meaning(row.row[0]) == meaning(there[0])
    return bool(row.row[0] == there[0]) and meaning(row.row[1]) == meaning(there[1])


def _fate(row: Row, became: str) -> Fate:
    return Fate(row.entry.stream, row.entry.entry_id, became)


def _place(letter: DeadLetter) -> tuple[str, int, int]:
    milliseconds, _, number = letter.entry_id.partition("-")
    return letter.stream, int(milliseconds), int(number or 0)


def _rejected(entry: Accepted | AcceptedRecord, error: psycopg.Error) -> DeadLetter:
    ts = entry.ts if isinstance(entry, AcceptedRecord) else entry.decoded.ts
    reason = f"Postgres rejects it: {error}"
    return DeadLetter(entry.stream, entry.entry_id, entry.name, entry.payload, b"", reason, ts)


def _outcome(fates: Sequence[Fate]) -> Outcome:
    counts = Counter(fate.became for fate in fates)
    return Outcome(counts[STORED], counts[DUPLICATE], counts[CONFLICT], counts[DEAD])
