"""The batch writer: one transaction a batch, exactly once in effect.

First it tries the fast way: COPY straight into the target tables. If a key is already there, the savepoint is rolled
back, the events that are there are filtered out, and the rest is tried again. What still collides (the same event twice
in the batch, another worker at the same moment) goes through staging tables and INSERT … ON CONFLICT. If Postgres
rejects a row, the batch is halved until that row stands alone; it becomes a dead letter and the rest is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.errors import UniqueViolation

from consumer.accepted import Accepted, DeadLetter, Outcome
from consumer.decoding.columns import Records
from consumer.decoding.decode import Batch
from signaltape.failpoints import failpoint
from sink.counters import Counters, add
from sink.db import Connection
from sink.queries import own
from sink.write.copying import as_names, copy_block, copy_lines, is_fault_of_a_row, rejected
from sink.write.duplicates import Dropped, count, filter_existing, keep_conflicts
from sink.write.lines import Block, Lines, Prepared, by_table, make_blocks, prepare
from sink.write.record_writer import RecordWriter
from sink.write.rows import EVENT_COLUMNS, LAYER_COLUMNS, LAYER_TABLE, Table

_SQL = own("write")


class BatchWriter:
    """Writes batches over one connection (in autocommit mode, so that each batch is one transaction)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # After a batch with duplicates more are likely (a redelivery, a replay): filter_existing at once.
        self._expect_duplicates = False
        self._dropped: Dropped = Counter()
        #: rows kept by the present batch: an entry that came before has its row already
        self._conflicts_kept = self._letters_kept = 0
        self._records = RecordWriter(connection)

    def write(
        self,
        accepted: Sequence[Accepted],
        dead: Sequence[DeadLetter] = (),
        records: Records | None = None,
    ) -> Outcome:
        """Commit one batch. When this returns, it is in Postgres; if it raises, nothing of it is.

        Raises psycopg.Error when the server is away or cannot write now (the batch is to be repeated).
        """
        return self.write_prepared(prepare(Batch({}, list(accepted), list(dead), 0, records or Records())))

    def write_prepared(self, prepared: Prepared) -> Outcome:
        """The same for a batch that was made ready for COPY before. Raises psycopg.Error."""
        batch = prepared.batch
        if not batch.accepted and not batch.dead and not batch.records:
            return Outcome()
        failpoint("sink.before_copy")
        self._dropped.clear()
        self._conflicts_kept = self._letters_kept = 0
        self._records.make_ready(prepared.records)
        with self._connection.transaction():
            lines, blocks = prepared.lines, prepared.blocks
            outcome = self._write_lines(lines, blocks) if lines else Outcome()
            recorded, unwritable = (
                self._records.write(prepared.records) if prepared.records else (Outcome(), [])
            )
            self._keep_dead([*batch.dead, *unwritable])
            self._count(outcome, recorded)
            failpoint("sink.after_copy")
        failpoint("sink.after_commit")
        self._expect_duplicates = outcome.duplicates + outcome.conflicts > 0
        self._records.committed(recorded)
        return outcome.plus(recorded).plus(Outcome(dead=len(batch.dead) + len(unwritable)))

    def _count(self, outcome: Outcome, recorded: Outcome) -> None:
        """What the batch has done goes into the counters with it, or not at all."""
        with self._connection.cursor() as cursor:
            if self._dropped:
                count(cursor, self._dropped)
            add(
                cursor,
                Counters(
                    events_stored=outcome.stored,
                    records_stored=recorded.stored,
                    event_duplicates=outcome.duplicates,
                    record_duplicates=recorded.duplicates,
                    conflicts_kept=self._conflicts_kept + self._records.conflicts_kept,
                    dead_letters_kept=self._letters_kept,
                ),
            )

    def _write_lines(self, lines: list[Lines], blocks: list[Block]) -> Outcome:
        try:
            if not self._expect_duplicates:
                with suppress(UniqueViolation):
                    return self._copy(lines, blocks)
            return self._filter_existing(lines)
        except psycopg.Error as error:
            if not is_fault_of_a_row(error):
                raise
            return self._halve(lines, error)

    def _halve(self, lines: list[Lines], error: psycopg.Error) -> Outcome:
        if len(lines) == 1:
            self._keep_dead([rejected(lines[0].entry, error)])
            return Outcome(dead=1)
        middle = len(lines) // 2
        halves = [lines[:middle], lines[middle:]]
        first, second = (self._write_lines(half, make_blocks(half)) for half in halves)
        return first.plus(second)

    def _copy(self, lines: list[Lines], blocks: list[Block]) -> Outcome:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for table, columns, data in blocks:
                copy_block(cursor, table, columns, data)
        return Outcome(stored=len(lines))

    def _filter_existing(self, lines: list[Lines]) -> Outcome:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            fresh, dropped, conflicts = filter_existing(cursor, lines)
            kept = keep_conflicts(cursor, conflicts) if conflicts else 0
            outcome = Outcome(duplicates=dropped.total(), conflicts=len(conflicts))
            if fresh:
                try:
                    outcome = outcome.plus(self._copy(fresh, make_blocks(fresh)))
                except UniqueViolation:
                    outcome = outcome.plus(self._stage(fresh))
        self._dropped += dropped
        self._conflicts_kept += kept
        return outcome

    def _stage(self, lines: list[Lines]) -> Outcome:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(_SQL["stage"])
            copy_lines(
                cursor,
                "stage_events",
                ("position", *EVENT_COLUMNS),
                (f"{position}\t{line.event}" for position, line in enumerate(lines)),
            )
            details = by_table(lines)
            for table, numbered in details.items():
                copy_lines(
                    cursor,
                    f"stage_{table.name}",
                    ("position", *table.columns),
                    (f"{position}\t{line.detail}" for position, line in numbered),
                )
            layers = [f"{position}\t{layer}" for position, line in enumerate(lines) for layer in line.layers]
            if layers:
                copy_lines(cursor, f"stage_{LAYER_TABLE}", ("position", *LAYER_COLUMNS), layers)
            cursor.execute(_SQL["merge_events"])
            for table in details:
                cursor.execute(merging(table))
            if layers:
                cursor.execute(_SQL["merge_layers"])
            outcome, dropped, kept = _settle(cursor)
        self._dropped += dropped
        self._conflicts_kept += kept
        return outcome

    def _keep_dead(self, dead: Iterable[DeadLetter]) -> None:
        # in order of their places, so that two workers cannot lock each other out
        letters = [
            (
                letter.stream,
                letter.entry_id,
                letter.event,
                letter.raw,
                letter.fields,
                letter.reason,
                letter.entry_ts,
            )
            for letter in sorted(dead, key=_place)
        ]
        if letters:
            with self._connection.cursor() as cursor:
                cursor.executemany(_SQL["dead_letter"], letters)
                self._letters_kept += cursor.rowcount


@cache
def merging(table: Table) -> bytes:
    """The statement that takes what was staged of a detail table over into it."""
    names = {"table": sql.Identifier(table.name), "stage": sql.Identifier(f"stage_{table.name}")}
    query: LiteralString = _SQL["merge_details"].decode()
    return sql.SQL(query).format(**names, columns=as_names(table.columns)).as_bytes()


def _place(letter: DeadLetter) -> tuple[str, int, int]:
    milliseconds, _, number = letter.entry_id.partition("-")
    return letter.stream, int(milliseconds), int(number or 0)


def _settle(cursor: psycopg.Cursor[tuple[object, ...]]) -> tuple[Outcome, Dropped, int]:
    """Count what was staged and keep contradictions: how many were kept, too."""
    tally = cursor.execute(_SQL["tally"]).fetchone()
    assert tally is not None
    stored, duplicates, conflicts = (int(str(number)) for number in tally)
    kept = cursor.execute(_SQL["keep_conflicts"]).rowcount if conflicts else 0
    dropped: Dropped = Counter()
    if duplicates:
        rows: Iterable[Any] = cursor.execute(_SQL["duplicates"])
        dropped.update(dict(rows))
    return Outcome(stored, duplicates, conflicts), dropped, kept
