"""Writes the flight recorder's records: the same way as events, into one partitioned table.

A record is its id: the table is partitioned by it, and so PostgreSQL itself keeps it unique. What comes again is
dropped; what comes again with other content is kept as a conflict, the first one wins.
"""

from __future__ import annotations

import psycopg
from psycopg.errors import UniqueViolation

from consumer.accepted import DeadLetter, Outcome
from consumer.decoding.columns import Records
from sink.db import Connection
from sink.queries import own
from sink.write.copying import copy_block, copy_lines, is_fault_of_a_row, rejected
from sink.write.partitions import Partitions
from sink.write.record_rows import RECORD_COLUMNS, RecordBlock, make_record_block, record_lines

_SQL = own("records")


class RecordWriter:
    """Writes records within the transaction of the caller."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._partitions = Partitions(connection)
        # After a batch with duplicates more are likely (a redelivery, a replay): stage at once.
        self._expect_duplicates = False
        #: conflicts of the present batch that were not kept before
        self.conflicts_kept = 0

    def make_ready(self, block: RecordBlock | None) -> None:
        """Before each transaction: make partitions for records that will be written. Raises psycopg.Error."""
        self.conflicts_kept = 0
        if block is not None:
            self._partitions.ensure(block.days)

    def write(self, block: RecordBlock) -> tuple[Outcome, list[DeadLetter]]:
        """Write records; what became of them, and those that Postgres rejects.

        Raises psycopg.Error when the server is away, or cannot write now, or takes no such record for as long as nobody
        changes its table: whoever writes then offers the rest without them.
        """
        dead: list[DeadLetter] = []
        return self._write(block, dead), dead

    def committed(self, outcome: Outcome) -> None:
        """The transaction was committed, and this is what became of its records."""
        self._expect_duplicates = outcome.duplicates + outcome.conflicts > 0

    def _write(self, block: RecordBlock, dead: list[DeadLetter]) -> Outcome:
        records = block.records
        try:
            if self._expect_duplicates:
                return self._stage(records)
            try:
                return self._copy(block)
            except UniqueViolation:
                return self._stage(records)
        except psycopg.Error as error:
            if not is_fault_of_a_row(error):
                raise
            if len(records) == 1:
                dead.append(rejected(next(records.rows()), error))
                return Outcome()
            middle = len(records) // 2
            halves = records.part(0, middle), records.part(middle, len(records))
            first, second = (self._write(make_record_block(half), dead) for half in halves)
            return first.plus(second)

    def _copy(self, block: RecordBlock) -> Outcome:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            copy_block(cursor, "records", RECORD_COLUMNS, block.data)
        return Outcome(stored=len(block.records))

    def _stage(self, records: Records) -> Outcome:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(_SQL["stage"])
            numbered = (f"{position}\t{line}" for position, line in enumerate(record_lines(records)))
            copy_lines(cursor, "stage_records", ("position", *RECORD_COLUMNS), numbered)
            stored = cursor.execute(_SQL["merge"]).rowcount
            conflicts = 0
            if stored < len(records):
                row = cursor.execute(_SQL["contradicting"]).fetchone()
                conflicts = int(str(row[0])) if row else 0
            kept = cursor.execute(_SQL["keep_conflicts"]).rowcount if conflicts else 0
        self.conflicts_kept += kept
        return Outcome(stored, len(records) - stored - conflicts, conflicts)
