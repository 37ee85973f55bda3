"""Much history in little time: rows made by Postgres itself, their indexes built when the rows are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from psycopg import sql

from sink.db import Connection

_TABLES = ("signal_events", "signals", "signal_triggers", "signal_invalidations", "signal_closures")
#: Pages of an index that grew by random keys are about this full; a new one would be packed.
_USED = "WITH (fillfactor = 70)"

_INDEXES = b"""
SELECT i.relname, pg_get_indexdef(x.indexrelid), c.conname, pg_get_constraintdef(c.oid), t.relname
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class t ON t.oid = x.indrelid
LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid
WHERE t.relname = ANY(%(tables)s)
"""
_SIGNALS_WITH_CLOSURES = b"""
WITH made AS (
    INSERT INTO signals
        (signal_id, symbol, side, confluence_score, rr_target, expiry_minutes, rules_version, ts_published)
    SELECT gen_random_uuid(), 'SOL-USDT-SWAP', 'long', round((0.3 + 0.7 * random())::numeric, 2), 1.9, 30, 'v1',
           %(since)s + random() * (%(until)s - %(since)s)
    FROM generate_series(1, %(count)s)
    RETURNING signal_id, symbol, ts_published
)
INSERT INTO signal_closures (signal_id, symbol, ts_closed, rr_realized, time_in_trade_ms, exit_reason)
SELECT signal_id, symbol, ts_published + interval '1 h', CASE WHEN random() < 0.5 THEN 1.9 ELSE -1 END, 3600000, 'tp'
FROM made
"""
#: What a signal has besides its closure. Event ids are made up: they only have to be as random as the true ones.
_THE_REST = (
    b"""
INSERT INTO signal_triggers (signal_id, symbol, ts_triggered, entry_fill, time_to_trigger_ms)
SELECT signal_id, symbol, ts_published + interval '10 min', 222.1, 600000 FROM signals
""",
    b"""
INSERT INTO signal_invalidations (signal_id, symbol, ts_invalidated, reason)
SELECT signal_id, symbol, ts_published + interval '20 min', 'sl' FROM signals
""",
    b"""
INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)
SELECT gen_random_uuid(), signal_id, event, 1, symbol,
       jsonb_build_object('signal_id', signal_id, 'symbol', symbol, 'rr', rr_target, 'expiry_minutes', expiry_minutes,
                          'confluence_score', confluence_score, 'rules_version', rules_version),
       ts_published, 'filler', '1-0'
FROM signals, unnest(ARRAY['signal_published', 'signal_triggered', 'signal_invalidated', 'signal_closed']) event
""",
)


def fill_signals(connection: Connection, since: datetime, until: datetime, count: int) -> None:
    """So many more signals, each with its closure, spread over a time."""
    span = {"since": since, "until": until, "count": count}
    with without_indexes(connection):
        connection.execute(_SIGNALS_WITH_CLOSURES, span)


def fill_lives(connection: Connection, since: datetime, until: datetime, count: int) -> None:
    """So many signals into empty tables, each with all four events and what they leave in every table."""
    span = {"since": since, "until": until, "count": count}
    with without_indexes(connection):
        for statement in (_SIGNALS_WITH_CLOSURES, *_THE_REST):
            connection.execute(statement, span if statement is _SIGNALS_WITH_CLOSURES else None)


def settle(connection: Connection) -> None:
    """What Postgres would do sooner or later, now: statistics, hint bits, a checkpoint."""
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")


@contextmanager
def without_indexes(connection: Connection) -> Iterator[None]:
    """Drop the indexes of these tables, and build them again at the end, as they were and as full as used ones."""
    found = connection.execute(_INDEXES, {"tables": list(_TABLES)}).fetchall()
    for name, _, constraint, _, table in found:
        if constraint:
            drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
            connection.execute(drop.format(sql.Identifier(str(table)), sql.Identifier(str(constraint))))
        else:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(str(name))))
    yield
    connection.execute("SET maintenance_work_mem = '512MB'")
    for _, definition, constraint, rule, table in found:
        if constraint:
            add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
            rule = rule if "WITH (" in rule else f"{rule} {_USED}"
            connection.execute(
                add.format(sql.Identifier(str(table)), sql.Identifier(str(constraint)), sql.SQL(rule))
            )
        else:
            connection.execute(sql.SQL(definition))
