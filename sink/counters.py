"""Counters of all that was ever stored, dropped and removed: kept in the transaction that does it, so always exact.

`…_stored` and `…_kept` are of ever; less what was removed (`…_purged`, `…_expired`, `…_removed`) they are what is there
now.
"""

from __future__ import annotations

from typing import Any, LiteralString

from msgspec import Struct
from msgspec.structs import asdict
from psycopg import sql

from sink.db import Connection, rows_as_dicts
from sink.queries import own


class Counters(Struct, frozen=True):
    """Numbers of rows and entries, over all workers and restarts."""

    events_stored: int = 0
    #: by `sink purge`
    events_purged: int = 0
    records_stored: int = 0
    #: by retention
    records_expired: int = 0
    #: events and records that came again and were dropped, each time
    event_duplicates: int = 0
    record_duplicates: int = 0
    #: events and records that came again with other content, once per content
    conflicts_kept: int = 0
    conflicts_purged: int = 0
    dead_letters_kept: int = 0
    #: requeued or dropped
    dead_letters_removed: int = 0

    @property
    def there_now(self) -> dict[str, int]:
        """What the tables hold, if all was counted: events, records, event_duplicates, conflicts, dead_letters."""
        return {
            "events": self.events_stored - self.events_purged,
            "records": self.records_stored - self.records_expired,
            "event_duplicates": self.event_duplicates,
            "conflicts": self.conflicts_kept - self.conflicts_purged,
            "dead_letters": self.dead_letters_kept - self.dead_letters_removed,
        }


def _each(form: LiteralString) -> sql.Composed:
    """A list of one thing for each counter. form: of one; {column} stands for its name, {given} for what is given."""
    one = sql.SQL(form)
    names = Counters.__struct_fields__
    return sql.SQL(", ").join(
        one.format(column=sql.Identifier(name), given=sql.Placeholder(name)) for name in names
    )


def _for_all_counters(query: LiteralString) -> bytes:
    return (
        sql.SQL(query)
        .format(
            columns=_each("{column}"),
            given=_each("{given}"),
            sums=_each("coalesce(sum({column}), 0)::bigint AS {column}"),
            added=_each("{column} = c.{column} + excluded.{column}"),
        )
        .as_bytes()
    )


_SQL = {name: _for_all_counters(query.decode()) for name, query in own("counters").items()}


def add(to: Any, done: Counters) -> None:
    """Count what a transaction has done, as its last statement before others may wait for it. Raises psycopg.Error.

    to: the transaction's connection or cursor.
    """
    to.execute(_SQL["add"], asdict(done))


def read(connection: Connection) -> Counters:
    """All counters, of one moment. Reads a few rows."""
    return Counters(**rows_as_dicts(connection, _SQL["read"])[0])


def differences(connection: Connection) -> dict[str, tuple[int, int]]:
    """Where counters and tables differ: (counted, rows). Reads all tables; for the same moment, within a snapshot."""
    rows = rows_as_dicts(connection, _SQL["tables"])[0]
    counted = read(connection).there_now
    return {name: (n, rows[name]) for name, n in counted.items() if n != rows[name]}


def fold(connection: Connection) -> None:
    """Put the rows of all that count nothing now into one. Changes no number. Raises psycopg.Error."""
    connection.execute(_SQL["fold"])


def recount(connection: Connection) -> None:
    """Fill the counters from the tables; what was removed, and dropped of records, they know alone.

    To be called within a transaction: until its end nobody counts. Raises psycopg.Error.
    """
    for step in ("lock", "fold", "recount"):
        connection.execute(_SQL[step])


def ever_lines(ever: Counters) -> list[tuple[str, str]]:
    """For a person: what was ever stored, and what was removed of it; names and numbers, none where there is none."""
    lines = {
        "ever stored": {"events": ever.events_stored, "records": ever.records_stored},
        "ever dropped": {
            "events that came again": ever.event_duplicates,
            "records that came again": ever.record_duplicates,
        },
        "ever kept": {"dead letters": ever.dead_letters_kept, "conflicts": ever.conflicts_kept},
        "ever removed": {
            "events": ever.events_purged,
            "records": ever.records_expired,
            "dead letters": ever.dead_letters_removed,
            "conflicts": ever.conflicts_purged,
        },
    }
    return [
        (name, ", ".join(f"{what} {n}" for what, n in numbers.items() if n))
        for name, numbers in lines.items()
    ]
