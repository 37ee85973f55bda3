"""Ways from the stream to Postgres: ours, the usual ones, and the limit. Each returns events per second."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from consumer.accepted import Accepted, Outcome
from consumer.consumer import Consumer
from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from consumer.loop import tune_interpreter
from signaltape import Secret
from signaltape.stream import stream_key
from sink.db import Connection, connect
from sink.write.copying import copy_block
from sink.write.lines import make_blocks, make_lines
from sink.write.record_rows import RECORD_COLUMNS, make_record_block
from tests.bench.batches import Events, as_accepted, make_events, make_records, with_old
from tests.bench.usual_ways import TRUNCATE, by_faststream, insert_many
from worker.loop import Worker

EVENTS = 120_000
#: Of the slow ways.
FEW_EVENTS = 3_000
#: Of those in between.
SOME_EVENTS = 12_000
_BATCH = 5000


class Contenders:
    """All of them, over one stream and one database. The tables are emptied before each, unless said otherwise."""

    def __init__(self, redis_url: str, database: Secret, connection: Connection) -> None:
        self._redis: Any = redis.Redis.from_url(redis_url, protocol=2)
        self._redis_url = Secret(redis_url)
        self._database = database
        self._connection = connection
        self._key = stream_key("bench-drain", 0)
        #: how many cores were at work, on average, by the number of worker processes
        self.busy_cores: dict[int, list[float]] = {}

    def close(self) -> None:
        self._redis.close()

    def worker(self, events: Events | None = None, *, empty: bool = True) -> float:
        """Ours: read, validate, COPY, commit, acknowledge."""
        given = events or make_events(EVENTS)
        self._prepare(given, empty=empty)
        started = time.perf_counter()
        done = self._drain()
        elapsed = time.perf_counter() - started
        assert done.stored + done.duplicates == len(given), done
        return len(given) / elapsed

    def duplicates(self, share: float) -> float:
        """Ours, when this share of the events was stored before."""
        old, new = make_events(int(EVENTS * share)), make_events(EVENTS - int(EVENTS * share))
        if old:
            self.worker(old)
        else:
            self._connection.execute(TRUNCATE)
        mixed = [*old, *new]
        if old and new:
            step = max(1, int(1 / share))
            mixed = [one for place, event in enumerate(new) for one in with_old(event, place, old, step)]
        return self.worker(mixed, empty=False)

    def records(self) -> float:
        """Ours, of the flight recorder's records."""
        self._connection.execute("TRUNCATE records")
        return self.worker(make_records(EVENTS))

    def raw_copy_of_records(self) -> float:
        """The limit for records: their finished rows."""
        self._connection.execute("TRUNCATE records")
        entries = [
            Entry(self._key, f"1-{n}", [b"event", name, b"data", data])
            for n, (name, data) in enumerate(make_records(EVENTS))
        ]
        records = decode_entries(entries).records
        blocks = [
            make_record_block(records.part(start, start + _BATCH)).data for start in range(0, EVENTS, _BATCH)
        ]
        started = time.perf_counter()
        for data in blocks:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                copy_block(cursor, "records", RECORD_COLUMNS, data)
        return EVENTS / (time.perf_counter() - started)

    def workers(self, count: int) -> float:
        """Ours, as several processes on one stream."""
        self._prepare(make_events(EVENTS))
        context = multiprocessing.get_context("spawn")
        ready = context.Barrier(count + 1)
        arguments = (self._redis_url.reveal(), self._database.reveal(), self._key)
        processes = [context.Process(target=_work, args=(*arguments, f"w{n}", ready)) for n in range(count)]
        for process in processes:
            process.start()
        ready.wait(60)
        started, worked = time.perf_counter(), _worked_s()
        for process in processes:
            process.join()
        elapsed = time.perf_counter() - started
        self.busy_cores.setdefault(count, []).append((_worked_s() - worked) / elapsed)
        assert self._stored() == EVENTS
        return EVENTS / elapsed

    def insert_per_event(self) -> float:
        """Read one entry, insert it into journal and detail table, commit, acknowledge."""
        self._prepare(make_events(FEW_EVENTS))
        return self._by_hand(1, self._insert_each)

    def executemany(self) -> float:
        """Read a thousand, executemany into event store and detail tables, commit, acknowledge."""
        self._prepare(make_events(SOME_EVENTS))
        return self._by_hand(1000, self._insert_many)

    def faststream(self, *, batch: bool) -> float:
        """FastStream with its own message format; journal and detail tables by executemany, then it acknowledges."""
        count = SOME_EVENTS if batch else FEW_EVENTS
        self._connection.execute(TRUNCATE)
        return asyncio.run(by_faststream(self._redis_url.reveal(), self._connection, count, batch=batch))

    def raw_copy(self) -> float:
        """The limit: the finished rows of the same events, COPY only, in the worker's batch size."""
        self._connection.execute(TRUNCATE)
        accepted = as_accepted(self._key, make_events(EVENTS))
        batches = [
            make_blocks(make_lines(accepted[start : start + _BATCH])) for start in range(0, EVENTS, _BATCH)
        ]
        started = time.perf_counter()
        for batch in batches:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                for table, columns, data in batch:
                    copy_block(cursor, table, columns, data)
        return EVENTS / (time.perf_counter() - started)

    def bytes_per_entry(self) -> float:
        """What an entry takes in Redis, of those in the stream now."""
        return float(self._redis.memory_usage(self._key, samples=0)) / int(self._redis.xlen(self._key))

    def _prepare(self, events: Events, *, empty: bool = True) -> None:
        if empty:
            self._connection.execute(TRUNCATE)
        self._redis.delete(self._key)
        with self._redis.pipeline(transaction=False) as pipe:
            for number, (name, data) in enumerate(events):
                pipe.xadd(self._key, {"event": name, "data": data})
                if number % 2000 == 0:
                    pipe.execute()
            pipe.execute()

    def _drain(self) -> Outcome:
        def consumer() -> Consumer:
            return Consumer(self._redis_url, "bench", [self._key])

        thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
        tune_interpreter()  # as the worker's own process does
        try:
            return Worker(consumer, self._database, threading.Event()).run(once=True)
        finally:
            sys.setswitchinterval(interval)
            gc.set_threshold(*thresholds)
            gc.unfreeze()

    def _stored(self) -> int:
        row = self._connection.execute("SELECT count(*) FROM signal_events").fetchone()
        return int(row[0]) if row else 0

    def _by_hand(self, size: int, insert: Any) -> float:
        self._redis.xgroup_create(self._key, "single", id="0")
        started = time.perf_counter()
        count = 0
        while answer := self._redis.xreadgroup("single", "bench", {self._key: ">"}, count=size):
            ((_, entries),) = answer
            flat = [
                Entry(self._key, raw_id.decode(), [part for pair in fields.items() for part in pair])
                for raw_id, fields in entries
            ]
            insert(decode_entries(flat).accepted)
            self._redis.xack(self._key, "single", *(raw_id for raw_id, _ in entries))
            count += len(entries)
        assert self._stored() == count
        return count / (time.perf_counter() - started)

    def _insert_each(self, accepted: Sequence[Accepted]) -> None:
        for entry in accepted:
            insert_many(self._connection, [entry])

    def _insert_many(self, accepted: Sequence[Accepted]) -> None:
        insert_many(self._connection, accepted)


def _worked_s() -> float:
    """Seconds that all cores together have worked since the machine was started."""
    user, nice, system, _idle, _wait, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _work(redis_url: str, database: str, key: str, name: str, ready: Any) -> None:
    """One of several workers, in a process of its own."""
    worker = Worker(lambda: Consumer(Secret(redis_url), name, [key]), Secret(database), threading.Event())
    tune_interpreter()
    with connect(Secret(database)):
        ready.wait(60)
    worker.run(once=True)
