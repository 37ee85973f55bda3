"""A Redis that is out of memory: it is the worker that makes room, so nothing may keep it from reading."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.partitions import keys_beyond
from deploy.embedded.valkey import Valkey
from signaltape import Secret, Settings
from signaltape.stream import WORKER_GROUP, stream_key, vanished_key
from tests.integration.conftest import own_valkey
from tests.integration.draining import add_lives, pending
from tests.integration.test_loop_ends import make_candidate
from tests.integration.test_vanished import give_out_then_delete
from tests.support.waiting import eventually
from tests.support.working import working
from worker.loop import Worker


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with own_valkey(tmp_path_factory.mktemp("full") / "vk") as started:
        yield started


@pytest.fixture
def client(valkey: Valkey) -> Iterator[Any]:
    made = redis.Redis.from_url(valkey.url, protocol=2)
    made.config_set("maxmemory", 0)
    made.flushall()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumer.prefetcher.BLOCK_MS", 20)
    monkeypatch.setattr("consumer.prefetcher.LOOK_EVERY_S", 0.1)
    monkeypatch.setattr("signaltape.shipping.backoff.Backoff.next_s", lambda self: 0.05)


def make_worker(valkey: Valkey, settings: Settings, key: str) -> tuple[Worker, threading.Event]:
    stop = threading.Event()
    assert settings.database_url is not None
    beyond = keys_beyond(settings.stream, 1)
    worker = Worker(
        lambda: Consumer(Secret(valkey.url), "w-1", [key], WORKER_GROUP, beyond), settings.database_url, stop
    )
    return worker, stop


def test_an_entry_that_cannot_have_an_isolated_attempt_holds_up_no_other(
    settings: Settings, valkey: Valkey, client: Any, key: str, database: Secret
) -> None:
    add_lives(client, key, 1)
    make_candidate(client, key)
    add_lives(client, key, 1)
    client.config_set("maxmemory", 1)
    worker, stop = make_worker(valkey, settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 4)
        client.config_set("maxmemory", 0)
        eventually(lambda: worker.total.stored == 8 and pending(client, key) == 0)
    assert worker.total == Outcome(stored=8)


def test_a_partition_without_a_group_holds_up_no_other(
    settings: Settings, valkey: Valkey, client: Any, key: str, database: Secret
) -> None:
    other = stream_key(settings.stream, 5)
    add_lives(client, key, 1)
    add_lives(client, other, 1)
    client.xgroup_create(key, WORKER_GROUP, id="0")
    client.config_set("maxmemory", 1)
    worker, stop = make_worker(valkey, settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 4)
        client.config_set("maxmemory", 0)
        eventually(lambda: worker.total.stored == 8)


def test_a_partition_that_is_no_stream_holds_up_no_other(
    settings: Settings, valkey: Valkey, client: Any, key: str, database: Secret
) -> None:
    other = stream_key(settings.stream, 1)
    client.set(other, "no stream")
    assert settings.database_url is not None
    stop = threading.Event()
    worker = Worker(lambda: Consumer(Secret(valkey.url), "w-1", [other, key]), settings.database_url, stop)
    add_lives(client, key, 1)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 4)
        client.delete(other)
        add_lives(client, other, 1)
        eventually(lambda: worker.total.stored == 8)


def test_what_vanished_is_counted_once_there_is_room(
    settings: Settings, valkey: Valkey, client: Any, key: str, database: Secret
) -> None:
    give_out_then_delete(client, key, "w-1")
    client.config_set("maxmemory", 1)
    worker, stop = make_worker(valkey, settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 3)
        client.config_set("maxmemory", 0)
        client.xadd(key, {"event": "signal_closed", "data": "{}"})
        eventually(lambda: worker.total.dead == 1)
    assert client.hget(vanished_key(key), WORKER_GROUP) == b"2"
    assert pending(client, key) == 0
