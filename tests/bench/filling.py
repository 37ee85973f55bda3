"""Much history in little time: rows made by Postgres itself, their indexes built when the rows are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from sink.db import Connection

TABLES = ("signal_events", "signals", "signal_triggers", "signal_invalidations", "signal_closures")
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
_SIGNALS = b"""
INSERT INTO signals (signal_id, symbol, side, confluence_score, rr_target, expiry_minutes, rules_version, ts_published)
SELECT gen_random_uuid(), 'SOL-USDT-SWAP', 'long', round((0.3 + 0.7 * random())::numeric, 2), 1.9, 30, 'v1',
       %(since)s::timestamptz + random() * (%(until)s::timestamptz - %(since)s::timestamptz)
FROM generate_series(1, %(count)s)
"""
_LIVES = (
    b"""
INSERT INTO signal_triggers (signal_id, symbol, ts_triggered, entry_fill, time_to_trigger_ms)
SELECT signal_id, symbol, ts_published + interval '10 min', 222.1, 600000 FROM signals
""",
    b"""
INSERT INTO signal_invalidations (signal_id, symbol, ts_invalidated, reason)
SELECT signal_id, symbol, ts_published + interval '20 min', 'sl' FROM signals
""",
    b"""
INSERT INTO signal_closures (signal_id, symbol, ts_closed, rr_realized, time_in_trade_ms, exit_reason)
SELECT signal_id, symbol, ts_published + interval '1 h', CASE WHEN random() < 0.5 THEN 1.9 ELSE -1 END, 3600000, 'tp'
FROM signals
""",
    # event ids are made up: what counts is that they are as random as the true ones
    b"""
INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)
SELECT gen_random_uuid(), signal_id, event, 1, symbol,
       jsonb_build_object('signal_id', signal_id, 'symbol', symbol, 'rr', rr_target, 'expiry_minutes', expiry_minutes,
                          'confluence_score', confluence_score, 'rules_version', rules_version),
       ts_published, 'filler', '1-0'
FROM signals, unnest(ARRAY['signal_published', 'signal_triggered', 'signal_invalidated', 'signal_closed']) event
""",
)
_CLOSURES = _LIVES[2]


def fill_lives(connection: Connection, signals: int) -> None:
    """So many signals in empty tables, each with all four events. Times: 2015 to 2020."""
    with _without_indexes(connection):
        _make_signals(connection, signals, "2015-01-01", "2021-01-01")
        for statement in _LIVES:
            connection.execute(statement)


def _make_signals(connection: Connection, count: int, since: str, until: str) -> None:
    connection.execute(_SIGNALS, {"since": since, "until": until, "count": count})


@contextmanager
def _without_indexes(connection: Connection) -> Iterator[None]:
    """Drop the indexes of these tables, and build them again at the end, as they were and as full as used ones."""
    found = connection.execute(_INDEXES, {"tables": list(TABLES)}).fetchall()
    for index, _, constraint, _, table in found:
        if constraint:
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                    sql.Identifier(str(table)), sql.Identifier(str(constraint))
                )
            )
        else:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(str(index))))
    yield
    connection.execute("SET maintenance_work_mem = '512MB'")
    for _, definition, constraint, text, table in found:
        if constraint:
            connection.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                    sql.Identifier(str(table)), sql.Identifier(str(constraint)), sql.SQL(f"{text} {_USED}")
                )
            )
        else:
            connection.execute(sql.SQL(definition))
