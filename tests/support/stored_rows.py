"""All that a database holds, row for row, to be held against what another one does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from psycopg import sql

from deploy.backup.database import count_rows
from sink.db import Connection

Rows = dict[str, Counter[str]]


def all_rows(connection: Connection, without: Mapping[str, Collection[str]] | None = None) -> Rows:
    """The rows of every table as JSON, with how often each is there. without: columns left out, by table or `*`."""
    left_out = without or {}
    return {
        table: _rows(connection, table, [*left_out.get("*", ()), *left_out.get(table, ())])
        for table in count_rows(connection)
    }


def _rows(connection: Connection, table: str, without: list[str]) -> Counter[str]:
    query = sql.SQL("SELECT (to_jsonb(t) - %s::text[])::text FROM {} t").format(sql.Identifier(table))
    return Counter(row[0] for row in connection.execute(query, (without,)).fetchall())


def differences(left: Rows, right: Rows) -> Iterator[str]:
    """Every table that is not the same in both, with a row of each side that the other one lacks."""
    for table in sorted(left.keys() | right.keys()):
        one, other = left.get(table, Counter()), right.get(table, Counter())
        if one != other:
            less, more = one - other, other - one
            yield f"{table}: {less.total()} missing {next(iter(less), '')}, {more.total()} more {next(iter(more), '')}"
