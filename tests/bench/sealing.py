"""Sealing and verifying: rows a second, memory, bytes a row; and what the index of arrival costs the worker's COPY."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from deploy.embedded.servers import Urls
from sink.counters import Counters, add
from sink.db import Connection, connect
from sink.sealing.sealing import seal_days
from sink.sealing.verifying import verify
from tests.bench.drain import database
from tests.bench.figures import Figures
from tests.bench.filling import settle, without_indexes

#: Rows; without FULL=1 only the first of them. They are spread over so many days.
ROWS = (1_000_000, 5_000_000)
_DAYS = 200
_ROUNDS = 9
_TAKE = b"COPY (SELECT * FROM signal_events LIMIT 100000) TO STDOUT"
_FILL = b"""
INSERT INTO signal_events
    (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id, received_at)
SELECT gen_random_uuid(), gen_random_uuid(), 'signal_closed', 1, 'SOL-USDT-SWAP',
       jsonb_build_object('signal_id', gen_random_uuid(), 'symbol', 'SOL-USDT-SWAP', 'rr_realized', n %% 300 / 100.0,
                          'time_in_trade_ms', n, 'exit_reason', 'tp', 'confluence_score', n %% 100 / 100.0,
                          'rules_version', 'analysis-mode-1.2', 'scenarios',
                          jsonb_build_object('primary', jsonb_build_object('side', 'long', 'entry', 222.1)),
                          'note', repeat('a word ', 20)),
       at, 'signaltape:{0}', '1-' || n, at
FROM (SELECT n, now() - interval '1 day' * (1 + %(days)s * (1 - n / %(rows)s::float8)) AS at
      FROM generate_series(1, %(rows)s) n) t
"""
_SIZE = b"SELECT pg_total_relation_size('signal_event_names')"
_INDEX = b"CREATE INDEX copied_times ON copied USING brin (ts)"
_INDEX_OF_BOTH = b"CREATE INDEX copied_times ON copied USING brin (ts, received_at)"


def run(figures: Figures, urls: Urls, _home: Path) -> None:
    """Both, in a database of its own."""
    for rows in ROWS if figures.full else ROWS[:1]:
        with connect(database(urls, f"sealing_{rows}")) as connection:
            figures.raw[f"sealing_{rows}"] = found = _sealed(connection, rows)
            figures.console.print(f"sealing {rows} rows: {found}", highlight=False)
            if rows == ROWS[0]:
                figures.ratios["seal_bytes_a_row"] = found["bytes_a_row"]
                figures.ratios["copy_with_arrival_indexed"] = _copied(connection)


def _sealed(connection: Connection, rows: int) -> dict[str, float]:
    with without_indexes(connection):
        connection.execute(_FILL, {"rows": rows, "days": _DAYS})
    add(connection, Counters(events_stored=rows))
    settle(connection)
    before = _peak_mib()
    own_s, server_s = time.process_time(), _server_s(connection)
    seal_s = _seconds(lambda: seal_days(connection))
    seal_cpu_s = time.process_time() - own_s + _server_s(connection) - server_s
    again_s = _seconds(lambda: seal_days(connection))
    own_s, server_s = time.process_time(), _server_s(connection)
    verify_s = _seconds(lambda: verify(connection))
    verify_cpu_s = time.process_time() - own_s + _server_s(connection) - server_s
    row = connection.execute(_SIZE).fetchone()
    return {
        "seal_s": round(seal_s, 1),
        "seal_cpu_s": round(seal_cpu_s, 1),
        "verify_s": round(verify_s, 1),
        "verify_cpu_s": round(verify_cpu_s, 1),
        "nothing_to_seal_ms": round(again_s * 1000, 1),
        "bytes_a_row": round((row[0] if row else 0) / rows, 1),
        "memory_mib": round(_peak_mib() - before, 1),
    }


def _copied(connection: Connection) -> float:
    """What a COPY costs the server with the index of both times, as a share of one with that of one; in turn.

    Its processor time: how long it takes hangs on who else is at work.
    """
    connection.execute("CREATE TABLE copied (LIKE signal_events INCLUDING ALL)")
    with connection.cursor() as cursor, cursor.copy(_TAKE) as copy:
        data = b"".join(bytes(block) for block in copy)
    spent: dict[bytes, list[float]] = {_INDEX: [], _INDEX_OF_BOTH: []}
    for _ in range(_ROUNDS):
        for index, times in spent.items():
            connection.execute(
                "TRUNCATE copied; DROP INDEX IF EXISTS copied_times, copied_ts_received_at_idx"
            )
            connection.execute(index)
            times.append(_copy(connection, data))
    return median(spent[_INDEX_OF_BOTH]) / median(spent[_INDEX])


def _copy(connection: Connection, data: bytes) -> float:
    begun = _server_s(connection)
    with connection.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
        copy.write(data)
    return _server_s(connection) - begun


def _server_s(connection: Connection) -> float:
    """What the session's server process has used of a processor."""
    return int(Path(f"/proc/{connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
