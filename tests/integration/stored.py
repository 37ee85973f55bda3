"""What the sink has stored, as a test looks at it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sink.db import Connection
from sink.write.rows import DETAIL, LAYER_TABLE

ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def value(connection: Connection, query: bytes, *parameters: Any) -> Any:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def tables(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The content of the journal and the detail tables, without what depends on the moment of writing."""
    kept: dict[str, list[tuple[Any, ...]]] = {}
    for name in ("signal_events", LAYER_TABLE, *(table.name for table in DETAIL.values())):
        columns = value(
            connection,
            b"SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)"
            b" FROM information_schema.columns WHERE table_name = %s"
            b" AND column_name NOT IN ('received_at', 'entry_id')",
            name,
        )
        kept[name] = connection.execute(f"SELECT {columns} FROM {name} ORDER BY 1, 2".encode()).fetchall()
    return kept
