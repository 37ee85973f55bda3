"""Writes the flight recorder's records: the same way as events, into one partitioned table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import psycopg
from psycopg.errors import UniqueViolation

from sink.copying import copy_lines, is_fault_of_a_row, rejected
from sink.db import Connection
from sink.entries import DeadLetter, Outcome
from sink.queries import own
from sink.record_rows import RECORD_COLUMNS, RecordLine

_SQL = own("records")
_WIB_OFFSET_S = int(timedelta(hours=7).total_seconds())
_DAY_S = 86_400


class RecordWriter:
    """Writes records within the transaction of the caller."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._expect_duplicates = False
        #: days (since 1970, WIB) whose partitions are there for certain, and those made in this transaction
        self._days: set[int] = set()
        self._new_days: set[int] = set()
        self._had_duplicates = False

    def write(self, lines: list[RecordLine]) -> tuple[Outcome, list[DeadLetter]]:
        """Write records; what became of them, and those that Postgres rejects. Raises psycopg.Error."""
        self._new_days = set()
        self._ensure_partitions(lines)
        dead: list[DeadLetter] = []
        outcome = self._write(lines, dead)
        self._had_duplicates = outcome.duplicates > 0
        return outcome, dead

    def committed(self) -> None:
        """The transaction was committed: what it made is there."""
        self._days |= self._new_days
        self._new_days = set()
        # After a batch with duplicates more are likely (a redelivery, a replay): stage at once.
        self._expect_duplicates, self._had_duplicates = self._had_duplicates, False

    def _ensure_partitions(self, lines: Sequence[RecordLine]) -> None:
        times = (one.entry.decoded.ts.timestamp() for one in lines)
        days = {int(time + _WIB_OFFSET_S) // _DAY_S for time in times} - self._days
        if days:
            dates = [date(1970, 1, 1) + timedelta(days=day) for day in sorted(days)]
            self._connection.execute(_SQL["partitions"], {"days": dates})
            self._new_days = days

    def _write(self, lines: list[RecordLine], dead: list[DeadLetter]) -> Outcome:
        try:
            if self._expect_duplicates:
                return self._stage(lines)
            try:
                return self._copy(lines)
            except UniqueViolation:
                return self._stage(lines)
        except psycopg.Error as error:
            if not is_fault_of_a_row(error):
                raise
            if len(lines) == 1:
                dead.append(rejected(lines[0].entry, error))
                return Outcome()
            middle = len(lines) // 2
            return self._write(lines[:middle], dead).plus(self._write(lines[middle:], dead))

    def _copy(self, lines: list[RecordLine]) -> Outcome:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            copy_lines(cursor, "records", RECORD_COLUMNS, (one.line for one in lines))
        return Outcome(stored=len(lines))

    def _stage(self, lines: list[RecordLine]) -> Outcome:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(_SQL["stage"])
            numbered = (f"{position}\t{one.line}" for position, one in enumerate(lines))
            copy_lines(cursor, "stage_records", ("position", *RECORD_COLUMNS), numbered)
            stored = cursor.execute(_SQL["merge"]).rowcount
        return Outcome(stored=stored, duplicates=len(lines) - stored)
