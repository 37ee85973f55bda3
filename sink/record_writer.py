"""Writes the flight recorder's records: the same way as events, into one partitioned table."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
from psycopg.errors import UniqueViolation

from sink.columns import Records
from sink.copying import copy_block, copy_lines, is_fault_of_a_row, rejected
from sink.db import Connection
from sink.entries import DeadLetter, Outcome
from sink.queries import own
from sink.record_rows import RECORD_COLUMNS, RecordBlock, make_record_block, record_lines

_SQL = own("records")


class RecordWriter:
    """Writes records within the transaction of the caller."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._expect_duplicates = False
        #: days (since 1970, WIB) whose partitions are there for certain, and those made in this transaction
        self._days: set[int] = set()
        self._new_days: set[int] = set()
        self._had_duplicates = False

    def write(self, block: RecordBlock) -> tuple[Outcome, list[DeadLetter]]:
        """Write records; what became of them, and those that Postgres rejects. Raises psycopg.Error."""
        self._new_days = set()
        self._ensure_partitions(block.days - self._days)
        dead: list[DeadLetter] = []
        outcome = self._write(block, dead)
        self._had_duplicates = outcome.duplicates > 0
        return outcome, dead

    def committed(self) -> None:
        """The transaction was committed: what it made is there."""
        self._days |= self._new_days
        self._new_days = set()
        # After a batch with duplicates more are likely (a redelivery, a replay): stage at once.
        self._expect_duplicates, self._had_duplicates = self._had_duplicates, False

    def _ensure_partitions(self, days: set[int]) -> None:
        if days:
            dates = [date(1970, 1, 1) + timedelta(days=day) for day in sorted(days)]
            self._connection.execute(_SQL["partitions"], {"days": dates})
            self._new_days = days

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
        return Outcome(stored=stored, duplicates=len(records) - stored)
