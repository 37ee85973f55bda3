"""What one event costs on the caller's thread: our emit next to everything else an engine might call."""

from __future__ import annotations

import logging
import logging.handlers
import os
import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import redis
from rich.table import Table
from rq import Queue

from deploy.embedded.servers import Urls
from signaltape import Emitter, Secret, Settings
from tests.bench.alternating import xadd_over_tcp
from tests.bench.figures import Figures
from tests.bench.timing import Call, spent_ns
from tests.integration.conftest import own_valkey
from tests.support.samples import as_json

ROUNDS = 5
EMITS = 20_000
#: Of calls that wait for a server.
SLOW_CALLS = 1_500
_THREADS = 4


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Measure in turn, several rounds, and note medians and ratios."""
    with ExitStack() as stack:
        contenders: dict[str, tuple[Call, int]] = {
            "emit (journal)": (stack.enter_context(_idle(home)), EMITS),
            "emit (shipper thread busy)": (stack.enter_context(_busy(home, urls)), EMITS),
            "synchronous XADD over TCP": (stack.enter_context(xadd_over_tcp(urls)), SLOW_CALLS),
            "psycopg insert + commit": (stack.enter_context(_insert(urls)), SLOW_CALLS),
            "rq enqueue": (_enqueue(urls), SLOW_CALLS),
            "logging QueueHandler": (stack.enter_context(_queue_handler()), EMITS),
            "OpenTelemetry batch log": (stack.enter_context(_opentelemetry()), EMITS),
            "confluent-kafka produce": (stack.enter_context(_confluent()), EMITS),
        }
        rounds: dict[str, list[tuple[float, float, float]]] = {name: [] for name in contenders}
        for _ in range(ROUNDS):
            for name, (call, count) in contenders.items():
                rounds[name].append(_percentiles(call, count))
    found = {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in rounds.items()}
    healthy, stopped = _stopped(home)
    threads = _in_threads(home)
    ours = found["emit (journal)"][0]
    figures.raw["emit_us"] = {
        **found,
        "redis healthy": healthy,
        "redis stopped": stopped,
        "4 threads": threads,
    }
    figures.ratios |= {
        "emit_p50_vs_confluent": ours / found["confluent-kafka produce"][0],
        "emit_p999_busy_us": found["emit (shipper thread busy)"][2],
        "emit_p50_stopped_vs_healthy": stopped[0] / healthy[0],
    }
    table = Table(title="emit, on the caller's thread (µs, median of rounds)", title_justify="left")
    for name in ("call", "p50", "p99", "p99.9", "ours is"):
        table.add_column(name, justify="left" if name == "call" else "right")
    extra = {"emit, Redis healthy": healthy, "emit, Redis SIGSTOPped": stopped, "emit, 4 threads": threads}
    for name, (p50, p99, p999) in {**found, **extra}.items():
        table.add_row(name, f"{p50:.1f}", f"{p99:.1f}", f"{p999:.1f}", f"{ours / p50:.3g} of it")
    figures.console.print(table)


def _percentiles(call: Call, count: int) -> tuple[float, float, float]:
    """p50, p99 and p99.9 of one call, in microseconds."""
    spent = spent_ns(call, count)
    p50, p99, p999 = (spent[int(count * share)] / 1000 for share in (0.5, 0.99, 0.999))
    return p50, p99, p999


def _settings(home: Path, name: str, **changes: Any) -> Settings:
    return Settings(feature_event_logging=True, home=home / name, stream=f"bench-{name}", **changes)


@contextmanager
def _idle(home: Path) -> Iterator[Call]:
    with Emitter(_settings(home, "emit"), ship=False) as tape:
        yield tape.published


@contextmanager
def _busy(home: Path, urls: Urls) -> Iterator[Call]:
    with Emitter(_settings(home, "ship", redis_url=Secret(urls.redis))) as tape:
        yield tape.published
        tape.close(30)


def _stopped(home: Path) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Ours with a Redis that answers, and with the same one stopped."""
    with own_valkey(home / "stopped-valkey") as valkey:
        settings = _settings(home, "stopped", redis_url=Secret(valkey.url), journal_max_bytes=1 << 30)
        tape = Emitter(settings)
        healthy = [_percentiles(tape.published, EMITS) for _ in range(3)]
        os.kill(valkey.pid, signal.SIGSTOP)
        stopped = [_percentiles(tape.published, EMITS) for _ in range(3)]
        os.kill(valkey.pid, signal.SIGCONT)
        tape.close(30)
    return _medians(healthy), _medians(stopped)


def _medians(rows: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    p50, p99, p999 = (median(column) for column in zip(*rows, strict=True))
    return p50, p99, p999


def _in_threads(home: Path) -> tuple[float, float, float]:
    """Four threads at once; each call waits for its turn at the interpreter too."""
    rows: list[tuple[float, float, float]] = []
    with Emitter(_settings(home, "threads"), ship=False) as tape:
        threads = [
            threading.Thread(target=lambda: rows.append(_percentiles(tape.published, EMITS)))
            for _ in range(_THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return _medians(rows)


@contextmanager
def _insert(urls: Urls) -> Iterator[Call]:
    with psycopg.connect(urls.database, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_insert (payload JSONB)")
        query = b"INSERT INTO bench_insert VALUES (%s)"
        yield lambda fields: connection.execute(query, (as_json(fields).decode(),))
        connection.execute("DROP TABLE bench_insert")


def _enqueue(urls: Urls) -> Call:
    jobs = Queue("bench", connection=redis.Redis.from_url(urls.redis, protocol=2))
    return lambda fields: jobs.enqueue("builtins.len", as_json(fields))


@contextmanager
def _queue_handler() -> Iterator[Call]:
    """A logger with a queue behind it; its listener throws the records away."""
    records: queue.SimpleQueue[Any] = queue.SimpleQueue()
    logger = logging.Logger("bench")
    logger.addHandler(logging.handlers.QueueHandler(records))
    listener = logging.handlers.QueueListener(records, logging.NullHandler())
    listener.start()
    yield lambda fields: logger.info("%s", as_json(fields).decode())
    listener.stop()


@contextmanager
def _opentelemetry() -> Iterator[Call]:
    """The batch processor, with an exporter that throws away."""
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult

    class Nowhere:
        def export(self, batch: Any) -> Any:
            return LogRecordExportResult.SUCCESS

        def shutdown(self) -> None:
            return None

        def force_flush(self, timeout_millis: int = 0) -> bool:
            return True

    provider, nowhere = LoggerProvider(), Nowhere()
    exporter: Any = nowhere
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = logging.Logger("bench-otel")
    logger.addHandler(LoggingHandler(logger_provider=provider))
    yield lambda fields: logger.info("%s", as_json(fields).decode())
    provider.shutdown()


@contextmanager
def _confluent() -> Iterator[Call]:
    """librdkafka's queue in memory: there is no broker, so nothing leaves it, and nothing would survive a crash."""
    from confluent_kafka import Producer

    producer = Producer(
        {
            "bootstrap.servers": "127.0.0.1:1",
            "queue.buffering.max.messages": 10_000_000,
            "queue.buffering.max.kbytes": 2_000_000,
            "log_level": 0,
        }
    )
    yield lambda fields: producer.produce("bench", as_json(fields))
    producer.purge()
