"""Seals, names, tombstones and rows, read from their tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

from sink.db import Connection
from sink.queries import own
from sink.sealing.names import Chunk
from sink.sealing.rows import Key, Row, row_of
from sink.sealing.seals import Content, Purge, Seal, Sealed, begin_of, in_us
from sink.sealing.walking import Found

SQL = own("sealing")
#: Rows fetched at once: a few megabytes.
_AT_ONCE = 2_000
#: Looked up at once by their keys.
_KEYS_AT_ONCE = 1_000
_ALWAYS_BEFORE = "-infinity"
_LEAST_US = -(2**63)
_DAY = timedelta(days=1)


def newest(connection: Connection) -> Seal | None:
    """The newest seal, None if there is none. Raises psycopg.Error."""
    found = connection.execute(SQL["newest"]).fetchone()
    return None if found is None else _seal(found)


def sealed_through(connection: Connection) -> Sealed | None:
    """Up to where the record is sealed, and by which digest; None if nothing is. Raises psycopg.Error."""
    seal = newest(connection)
    return None if seal is None else Sealed(seal.day, seal.digest.hex())


def seals(connection: Connection) -> list[Seal]:
    """Every seal, in order: a year of them takes some hundred kilobytes."""
    return [_seal(row) for row in connection.execute(SQL["all"])]


def rows_between(connection: Connection, since: str, until: str) -> Iterator[Row]:
    """Rows that arrived within a span, in order of arrival, however many. To be called within a transaction."""
    with connection.cursor(name="rows_of_a_day") as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(SQL["rows"], {"since": since, "until": until})
        yield from map(row_of, cursor)


def rows_by_key(connection: Connection, keys: Iterable[Key]) -> Iterator[Row]:
    """Those of some rows that are there, each thousand in order of arrival."""
    rest = iter(keys)
    while some := list(islice(rest, _KEYS_AT_ONCE)):
        yield from _rows_of(connection, some)


def tombstones(connection: Connection, key: Key) -> list[bytes]:
    """The digests of what was purged under a key."""
    found = connection.execute(SQL["tombstones_of"], {"signal_id": key[0].hex(), "event": key[1]})
    return [digest for (digest,) in found]


def purges(connection: Connection, after: int, through: int) -> Iterator[Purge]:
    """Tombstones behind one and up to another, in order. To be called within a transaction."""
    if through == after:
        return  # as most days: a question for each of thousands is most of the time that verifying takes
    with connection.cursor(name="purges") as cursor:
        cursor.execute(SQL["purges"], {"after": after, "through": through})
        for row in cursor:
            yield Purge(*row)


def chunks_of(connection: Connection, day: date) -> Iterator[Chunk]:
    """The names of a seal, in order. To be called within a transaction."""
    with connection.cursor(name="names_of_a_day") as cursor:
        cursor.itersize = 8
        cursor.execute(SQL["names"], {"day": day})
        for row in cursor:
            yield Chunk(*row)


def elsewhere(connection: Connection, day: date, span: tuple[int, int]) -> Mapping[Key, bytes]:
    """Marks of rows that arrived on a day and stand in a later seal: few, as a rule. span: its bounds."""
    found = connection.execute(SQL["late_names"], {"day": day, "first_us": span[0], "end_us": span[1]})
    return {name.key: name.mark for row in found for name in Chunk(*row).each()}


def look_up(connection: Connection, key: Key) -> Found:
    """What there is of a key: its row, and what was purged of it."""
    rows = _rows_of(connection, [key])
    return Found(rows[0] if rows else None, tombstones(connection, key))


def span_of(day: date, *, first: bool) -> tuple[str, str]:
    """The bounds of a day for a query. To the first one belongs whatever has an earlier time."""
    return _ALWAYS_BEFORE if first else begin_of(day).isoformat(), begin_of(day + _DAY).isoformat()


def span_us_of(day: date, *, first: bool) -> tuple[int, int]:
    """The same in microseconds since 1970."""
    return _LEAST_US if first else in_us(begin_of(day)), in_us(begin_of(day + _DAY))


def _rows_of(connection: Connection, keys: Sequence[Key]) -> list[Row]:
    given = {"signals": [signal_id.hex() for signal_id, _ in keys], "events": [event for _, event in keys]}
    return [row_of(columns) for columns in connection.execute(SQL["rows_of"], given)]


def _seal(row: Sequence[Any]) -> Seal:
    return Seal(Content(*row[:7]), *row[7:])
