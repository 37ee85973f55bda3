"""COPY into a table, and what both writers know of errors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import psycopg
from psycopg import sql

from consumer.accepted import Accepted, AcceptedRecord, DeadLetter
from consumer.decoding.dead_fields import pack_fields
from signaltape.plain_errors import one_line
from signaltape.stream import FIELD_EVENT, FIELD_FIRST_ENTRY_ID, FIELD_ID
from sink.write.rows import block

#: SQLSTATE classes of errors that lie in the data itself: data exception, integrity, limits of a value.
_FAULT_OF_A_ROW = ("22", "23", "54")


def is_fault_of_a_row(error: psycopg.Error) -> bool:
    """Whether an error lies in the data, so that halving a batch finds the row."""
    return (error.sqlstate or "")[:2] in _FAULT_OF_A_ROW


@cache
def _statement(table: str, columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), as_names(columns))


def as_names(columns: tuple[str, ...]) -> sql.Composed:
    """Columns as they stand in a statement."""
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)


def copy_lines(
    cursor: psycopg.Cursor[tuple[object, ...]], table: str, columns: tuple[str, ...], lines: Iterable[str]
) -> None:
    """Send lines of COPY's text format to a table. Raises psycopg.Error."""
    copy_block(cursor, table, columns, block(lines))


def copy_block(
    cursor: psycopg.Cursor[tuple[object, ...]], table: str, columns: tuple[str, ...], data: bytes
) -> None:
    """Send data of COPY's text format to a table. Raises psycopg.Error."""
    with cursor.copy(_statement(table, columns)) as copy:
        copy.write(data)


def rejected(entry: Accepted | AcceptedRecord, error: psycopg.Error) -> DeadLetter:
    """The dead letter of an entry that only Postgres rejects. Sent again, it keeps its time and identity."""
    named = {FIELD_EVENT: entry.name.encode()}
    if isinstance(entry, AcceptedRecord):
        ts = entry.ts
        named[FIELD_ID] = entry.record_id.encode()
    else:
        ts = entry.decoded.ts
    named[FIELD_FIRST_ENTRY_ID] = b"%d-0" % max(0, round(ts.timestamp() * 1000))
    return DeadLetter(
        stream=entry.stream,
        entry_id=entry.entry_id,
        event=entry.name,
        raw=entry.payload,
        fields=pack_fields(named),
        reason=f"Postgres rejects it: {one_line(error)}",
        entry_ts=ts,
    )
