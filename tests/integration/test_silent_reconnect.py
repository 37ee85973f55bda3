"""A connection that was closed while nobody used it is replaced without an error: what is pending is looked at anew."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.accepted import Outcome
from signaltape import Secret, Settings
from sink.db import Connection
from tests.integration.test_in_flight import locked
from tests.integration.test_worker import add_lives, make_worker, pending, stored
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
