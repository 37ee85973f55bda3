"""A connection that was closed while nobody used it is replaced without an error: what is pending is looked at anew."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.accepted import Outcome
from consumer.limits import Limits
from signaltape import Secret, Settings
from sink.db import Connection
from tests.integration.draining import add_lives, make_worker, pending, stored
from tests.integration.test_in_flight import locked
from tests.support.samples import SAMPLES, as_json, new_id
from tests.support.waiting import eventually
from tests.support.working import working


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumer.prefetcher.BLOCK_MS", 20)


def await_held(client: Any, key: str, count: int) -> None:
    eventually(lambda: pending(client, key) == count)


def test_what_a_promoted_server_has_pending_is_read_though_no_call_failed(
    settings: Settings, redis_client: Any, key: str, database: Secret, connection: Connection
) -> None:
    """While the worker waits for Postgres its connections are cut, and behind the new ones more is pending for it."""
    redis_client.xgroup_create(key, "worker", id="0", mkstream=True)
    add_lives(redis_client, key, 2)
    worker, stop = make_worker(settings, key)
    with locked(database) as unlock, working(worker, stop):
        # one batch is being written, one waits to be, and the reading thread waits with the third
        for held in (8, 12, 16):
            await_held(redis_client, key, held)
            add_lives(redis_client, key, 1)
        (consumer,) = redis_client.xinfo_consumers(key, "worker")
        add_lives(redis_client, key, 2)
        redis_client.xreadgroup(
            "worker", consumer["name"], {key: ">"}
        )  # as another server gave them, which is gone
        redis_client.client_kill_filter(_type="normal", skipme=True)
        unlock()
        await_held(redis_client, key, 0)
    assert stored(connection) == 28
    assert worker.total == Outcome(stored=28)


def test_what_redis_gave_to_a_connection_that_was_dead_is_looked_for(
    settings: Settings,
    redis_client: Any,
    key: str,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its name lives on in a worker that has read what was pending before: nobody would ever take it over."""
    monkeypatch.setattr("consumer.recovery.CLAIM_EVERY_S", 0.05)
    redis_client.xgroup_create(key, "worker", id="0", mkstream=True)
    worker, stop = make_worker(settings, key, limits=Limits(claim_idle_ms=400))
    with working(worker, stop):
        add_lives(redis_client, key, 1)
        eventually(lambda: (stored(connection), pending(redis_client, key)) == (4, 0))
        (consumer,) = redis_client.xinfo_consumers(key, "worker")
        signal_id = new_id()
        events = {name: make(signal_id) for name, make in SAMPLES.items()}
        with redis_client.pipeline(transaction=True) as pipe:
            for name, fields in events.items():
                pipe.xadd(key, {"event": name, "data": as_json(fields)})
            pipe.xreadgroup("worker", consumer["name"], {key: ">"})
            pipe.execute()
        assert pending(redis_client, key) == 4
        await_held(redis_client, key, 0)
    assert stored(connection) == 8
    assert worker.total == Outcome(stored=8)
