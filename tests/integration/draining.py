"""A worker on a stream of the test's own: what it is to drain, and what it has stored."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.limits import Limits
from signaltape import Secret, Settings
from signaltape.stream import WORKER_GROUP
from sink.db import Connection
from tests.support.samples import SAMPLES, as_json, new_id
from tests.support.waiting import eventually
from worker.loop import Worker

DEFAULT = Limits()


def add(client: Any, key: str, name: str, fields: dict[str, Any]) -> str:
    return str(client.xadd(key, {"event": name, "data": as_json(fields)}).decode())


def add_lives(client: Any, key: str, count: int) -> None:
    """`count` signals with all four events each."""
    with client.pipeline(transaction=False) as pipe:
        for number in range(count):
            signal_id = new_id()
            for name, make in SAMPLES.items():
                pipe.xadd(key, {"event": name, "data": as_json(make(signal_id))})
            if number % 500 == 0:
                pipe.execute()
        pipe.execute()


def make_worker(
    settings: Settings,
    key: str,
    name: str = "w-1",
    limits: Limits = DEFAULT,
    database: Secret | None = None,
    beyond: Sequence[str] = (),
) -> tuple[Worker, threading.Event]:
    stop = threading.Event()
    assert settings.redis_url is not None
    assert settings.database_url is not None
    redis_url = settings.redis_url
    worker = Worker(
        lambda: Consumer(redis_url, name, [key], WORKER_GROUP, beyond),
        database or settings.database_url,
        stop,
        limits,
    )
    return worker, stop


def drain(settings: Settings, key: str, name: str = "w-1", limits: Limits = DEFAULT) -> Outcome:
    return make_worker(settings, key, name, limits)[0].run(once=True)


def stored(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM signal_events").fetchone()
    assert row is not None
    return int(row[0])


def await_more_than(connection: Connection, count: int) -> None:
    eventually(lambda: stored(connection) > count)


def await_total(worker: Worker, count: int) -> None:
    eventually(lambda: worker.total.stored == count)


def pending(client: Any, key: str) -> int:
    return int(client.xpending(key, "worker")["pending"])
