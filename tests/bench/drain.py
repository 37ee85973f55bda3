"""Stream to committed and acknowledged, with all tables: our worker next to one insert per event and raw COPY."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import redis
from rich.console import Console
from rich.table import Table

from deploy.embedded.servers import Urls
from signaltape import Secret
from signaltape.consuming.consumer import Consumer
from signaltape.consuming.entry import Entry
from signaltape.stream import stream_key
from sink.db import connect
from sink.decoding import sort_entries
from sink.entries import Accepted
from sink.migrate import migrate
from sink.rows import DETAIL, EVENT_COLUMNS, block, event_line
from tests.support.samples import SAMPLES, as_json, new_id
from worker.loop import Worker

ROUNDS = 3
EVENTS = 40_000
INSERTS = 4_000
_TRUNCATE = b"TRUNCATE signal_events, signals, signal_triggers, signal_invalidations, signal_closures"
_JOURNAL = (
    b"INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)"
    b" VALUES (%s, %s, %s, 1, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


def run(console: Console, urls: Urls, _home: Path) -> None:
    """Measure in turn, several rounds, and print medians and ratios."""
    with psycopg.connect(urls.database, autocommit=True) as admin:
        admin.execute("CREATE DATABASE bench")
    url = Secret(urls.database.replace("@/postgres?", "@/bench?"))
    with connect(url) as connection:
        migrate(connection)
        bench = _Bench(urls.redis, url, connection)
        contenders: dict[str, Callable[[], float]] = {
            "worker": bench.worker,
            "one insert per event": bench.insert_per_event,
            "raw COPY of the same rows": bench.raw_copy,
        }
        rates: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(ROUNDS):
            for name, contender in contenders.items():
                connection.execute(_TRUNCATE)
                rates[name].append(contender())
        bench.close()
    _show(console, {name: median(values) for name, values in rates.items()})


class _Bench:
    """The contenders; each returns events per second."""

    def __init__(self, redis_url: str, database: Secret, connection: Any) -> None:
        self._redis: Any = redis.Redis.from_url(redis_url, protocol=2)
        self._redis_url = Secret(redis_url)
        self._database = database
        self._connection = connection
        self._key = stream_key("bench-drain", 0)

    def close(self) -> None:
        self._redis.close()

    def worker(self) -> float:
        """Ours: read, validate, COPY, commit, acknowledge."""
        self._fill(EVENTS)
        made = Worker(
            lambda: Consumer(self._redis_url, "bench", [self._key]), self._database, threading.Event()
        )
        started = time.perf_counter()
        done = made.run(once=True)
        elapsed = time.perf_counter() - started
        assert done.stored == EVENTS, done
        return EVENTS / elapsed

    def insert_per_event(self) -> float:
        """Read one entry, insert it into journal and detail table, commit, acknowledge."""
        self._fill(INSERTS)
        self._redis.xgroup_create(self._key, "single", id="0")
        started = time.perf_counter()
        count = 0
        while answer := self._redis.xreadgroup("single", "bench", {self._key: ">"}, count=1):
            ((_, ((raw_id, fields),)),) = answer
            flat = [part for pair in fields.items() for part in pair]
            (accepted,) = sort_entries([Entry(self._key, raw_id.decode(), flat)]).accepted
            self._insert(accepted)
            self._redis.xack(self._key, "single", raw_id)
            count += 1
        assert count == INSERTS
        return count / (time.perf_counter() - started)

    def raw_copy(self) -> float:
        """The limit: the finished rows of the same events, COPY only, in the worker's batch size."""
        entries = [
            Entry(self._key, f"1-{n}", [b"event", name, b"data", data]) for n, (name, data) in _events(EVENTS)
        ]
        accepted = sort_entries(entries).accepted
        batches = [_blocks(accepted[start : start + 5000]) for start in range(0, EVENTS, 5000)]
        started = time.perf_counter()
        for batch in batches:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                for statement, data in batch:
                    with cursor.copy(statement) as copy:
                        copy.write(data)
        return EVENTS / (time.perf_counter() - started)

    def _fill(self, count: int) -> None:
        self._redis.delete(self._key)
        with self._redis.pipeline(transaction=False) as pipe:
            for number, (name, data) in _events(count):
                pipe.xadd(self._key, {"event": name, "data": data})
                if number % 2000 == 0:
                    pipe.execute()
            pipe.execute()

    def _insert(self, entry: Accepted) -> None:
        decoded, table = entry.decoded, DETAIL[entry.name]
        values = [None if value == r"\N" else value for value in table.line(decoded).split("\t")]
        columns, marks = ", ".join(table.columns), ", ".join(["%s"] * len(values))
        detail = f"INSERT INTO {table.name} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute(
                _JOURNAL,
                (
                    *(decoded.event_id, decoded.signal_id, entry.name, decoded.event.symbol),
                    *(entry.payload.decode(), decoded.ts, entry.stream, entry.entry_id),
                ),
            )
            cursor.execute(detail.encode(), values)


def _events(count: int) -> list[tuple[int, tuple[bytes, bytes]]]:
    made: list[tuple[bytes, bytes]] = []
    while len(made) < count:
        signal_id = new_id()
        made.extend((name.encode(), as_json(make(signal_id))) for name, make in SAMPLES.items())
    return list(enumerate(made[:count]))


def _blocks(accepted: list[Accepted]) -> list[tuple[bytes, bytes]]:
    lines: dict[str, list[str]] = {}
    for entry in accepted:
        lines.setdefault(entry.name, []).append(DETAIL[entry.name].line(entry.decoded))
    blocks = [(_copy("signal_events", EVENT_COLUMNS), block(event_line(entry) for entry in accepted))]
    for name, rows in lines.items():
        blocks.append((_copy(DETAIL[name].name, DETAIL[name].columns), block(rows)))
    return blocks


def _copy(table: str, columns: tuple[str, ...]) -> bytes:
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()


def _show(console: Console, rates: dict[str, float]) -> None:
    table = Table(title="stream to Postgres (events/s, median of rounds)", title_justify="left")
    table.add_column("how")
    table.add_column("events/s", justify="right")
    table.add_column("worker is", justify="right")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:,.0f}", f"{rates['worker'] / rate:.2f}×")
    console.print(table)
