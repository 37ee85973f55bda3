"""The tables of signals, which reports read, held against the events that they are made of. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

from psycopg import sql

from sink.admin.rebuild import each_chunk, write_chunk
from sink.db import Connection
from sink.queries import own
from sink.sealing.found import Altered, of_table
from sink.write.copying import as_names
from sink.write.rows import DETAIL, LAYER_COLUMNS, LAYER_TABLE

Progress = Callable[[int, int], None]
_SQL = own("sealed_tables")
_MADE_ANEW = "made_anew_"
_TABLES = {
    **{table.name: (event, table.columns) for event, table in DETAIL.items()},
    LAYER_TABLE: ("signal_published", LAYER_COLUMNS),
}


def altered_tables(connection: Connection, progress: Progress = lambda _done, _total: None) -> list[Altered]:
    """Rows of tables that are not what the events say, up to a hundred of each table, in order of days.

    All as of one moment, beside whoever writes; it takes as much disk again as the tables, for as long as it takes.
    connection: in autocommit mode, of the owner. progress: called with (done, total) events; what it raises ends it.
    Raises psycopg.Error; SinkError if a stored event does not satisfy the contract.
    """
    with connection.transaction(force_rollback=True):
        connection.execute(_SQL["one_moment"])
        for table in _TABLES:
            connection.execute(_composed("made_anew", table))
        for chunk in each_chunk(connection, progress):
            write_chunk(connection, chunk, _MADE_ANEW)
        found = [one for table in _TABLES for one in _differing(connection, table)]
    return sorted(found, key=_in_order)


def _differing(connection: Connection, table: str) -> list[Altered]:
    event, _ = _TABLES[table]
    rows: list[tuple[date | None, UUID]] = connection.execute(
        _composed("differing", table), {"event": event}
    ).fetchall()
    return [of_table(day, str(signal_id), event) for day, signal_id in rows]


def _composed(name: str, table: str) -> sql.Composed:
    """A query of which table and columns are known only here."""
    return sql.SQL(_SQL[name].decode()).format(
        table=sql.Identifier(table),
        made_anew=sql.Identifier(_MADE_ANEW + table),
        columns=as_names(_TABLES[table][1]),
    )


def _in_order(one: Altered) -> date:
    return one.day
