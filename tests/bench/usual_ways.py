"""The usual ways from the stream to Postgres: by INSERT, and by FastStream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from consumer.accepted import Accepted
from sink.db import Connection
from sink.write.rows import DETAIL
from tests.bench.batches import as_accepted, make_events
from tests.support.samples import SAMPLES, as_json, new_id

TRUNCATE = (
    b"TRUNCATE signal_events, signals, signal_triggers, signal_invalidations, signal_closures, signal_layers,"
    b" duplicate_counts"
)
_JOURNAL = (
    b"INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)"
    b" VALUES (%s, %s, %s, 1, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


def insert_many(connection: Connection, accepted: Sequence[Accepted]) -> None:
    """Events into event store and detail tables with INSERT, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            _JOURNAL,
            [
                (
                    *(one.decoded.event_id, one.decoded.signal_id, one.name, one.decoded.event.symbol),
                    *(one.payload.decode(), one.decoded.ts, one.stream, one.entry_id),
                )
                for one in accepted
            ],
        )
        for name in {one.name for one in accepted}:
            table = DETAIL[name]
            marks = ", ".join(["%s"] * len(table.columns))
            query = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"
            rows = [
                table.line(one.decoded, one.decoded.ts.isoformat()).split("\t")
                for one in accepted
                if one.name == name
            ]
            cursor.executemany(
                query.encode(), [[None if cell == r"\N" else cell for cell in row] for row in rows]
            )


async def by_faststream(redis_url: str, connection: Connection, count: int, *, batch: bool) -> float:
    from faststream.redis import RedisBroker, StreamSub

    make: Any = RedisBroker  # where the package is not installed it has no types
    broker = make(redis_url, logger=None)
    key, done = f"bench-faststream-{batch}", asyncio.Event()
    seen = 0
    names = [name.decode() for name, _ in make_events(len(SAMPLES))]

    def store(messages: list[dict[str, Any]]) -> None:
        nonlocal seen
        accepted = as_accepted(key, [(one.pop("event").encode(), as_json(one)) for one in messages])
        insert_many(connection, accepted)
        seen += len(accepted)
        if seen >= count:
            done.set()

    async def take_many(messages: list[dict[str, Any]]) -> None:
        store(messages)

    async def take_one(message: dict[str, Any]) -> None:
        store([message])

    most = 1000 if batch else 1
    sub = StreamSub(key, group="bench", consumer="bench", batch=batch, max_records=most, last_id=">")
    broker.subscriber(stream=sub)(take_many if batch else take_one)

    async with broker:
        await broker._connection.delete(key)
        for start in range(0, count, 1000):
            made = [
                {"event": names[n % len(names)], **SAMPLES[names[n % len(names)]](signal_id)}
                for signal_id in (new_id() for _ in range(min(1000, count - start) // len(names)))
                for n in range(len(names))
            ]
            for one in made:
                await broker.publish(one, stream=key)
        await broker._connection.xgroup_create(key, "bench", id="0")
        started = time.perf_counter()
        await broker.start()
        await asyncio.wait_for(done.wait(), 120)
        return seen / (time.perf_counter() - started)
