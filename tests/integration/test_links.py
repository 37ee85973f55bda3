"""Partitions of one server are read together, with one command; those of another server over a link of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import redis

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.limits import Limits
from consumer.link import Link
from deploy.embedded.valkey import Valkey
from signaltape import Secret, Settings
from signaltape.stream import stream_keys
from tests.integration.conftest import own_valkey
from tests.integration.draining import add_lives, pending
from tests.support.waiting import eventually
from worker.loop import Worker


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with own_valkey(tmp_path_factory.mktemp("elsewhere") / "vk") as started:
        yield started


@pytest.fixture
def other_client(elsewhere: Valkey) -> Iterator[Any]:
    made = redis.Redis.from_url(elsewhere.url, protocol=2)
    made.flushall()
    yield made
    made.close()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The keys of each read, as they come."""
    found: list[tuple[str, ...]] = []
    read = Link.read

    def noting(self: Link, group: str, name: str, count: int, keys: Any, *rest: Any, **named: Any) -> Any:
        found.append(tuple(keys))
        return read(self, group, name, count, keys, *rest, **named)

    monkeypatch.setattr(Link, "read", noting)
    return found


class OddElsewhere(Consumer):
    """Every second partition lies on another server."""

    elsewhere: Secret

    def _make_links(self, url: Secret) -> list[Link]:
        return [Link(url), Link(self.elsewhere)]

    def _link_of(self, key: str) -> Link:
        return self._links[int(key[-2]) % 2]


def test_partitions_of_one_server_are_read_with_one_command(
    settings: Settings, redis_client: Any, reads: list[tuple[str, ...]]
) -> None:
    keys = stream_keys(settings.stream, 4)
    for key in keys:
        add_lives(redis_client, key, 1)
    assert settings.redis_url is not None
    consumer = Consumer(settings.redis_url, "me", keys)
    consumer.ensure_group()
    assert len(consumer.read_new(10)) == 16
    assert reads == [tuple(keys)]
    consumer.close()


def test_each_partition_goes_on_where_it_was_among_what_is_pending(
    settings: Settings, redis_client: Any
) -> None:
    keys = stream_keys(settings.stream, 2)
    for key, count in zip(keys, (1, 3), strict=True):
        add_lives(redis_client, key, count)
    assert settings.redis_url is not None
    consumer = Consumer(settings.redis_url, "me", keys)
    consumer.ensure_group()
    given = {(entry.stream, entry.entry_id) for entry in consumer.read_new(100)}
    for _ in range(2):
        consumer.rewind()
        again = [entry for _ in range(4) for entry in consumer.read_pending(3)]
        assert len(again) == len(given) == 16
        assert {(entry.stream, entry.entry_id) for entry in again} == given
    assert consumer.read_pending(3) == []
    consumer.close()


def test_partitions_of_two_servers_are_read_over_two_links(
    settings: Settings,
    redis_client: Any,
    elsewhere: Valkey,
    other_client: Any,
    reads: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(OddElsewhere, "elsewhere", Secret(elsewhere.url), raising=False)
    keys = stream_keys(settings.stream, 4)
    clients = [redis_client, other_client] * 2
    for client, key in zip(clients, keys, strict=True):
        add_lives(client, key, 10)
        client.xgroup_create(key, "worker", id="0")
        client.xreadgroup("worker", "gone", {key: ">"}, count=5)
        eventually(partial(client.xpending_range, key, "worker", "-", "+", 1, idle=100))
    redis_url, database = settings.redis_url, settings.database_url
    assert redis_url is not None
    assert database is not None

    def make_consumer() -> Consumer:
        return OddElsewhere(redis_url, "w-1", keys[:2], beyond=keys[2:])

    limits = Limits(claim_idle_ms=100)
    worker = Worker(make_consumer, database, threading.Event(), limits)
    assert worker.run(once=True) == Outcome(stored=160)
    assert [pending(client, key) for client, key in zip(clients, keys, strict=True)] == [0] * 4
    assert set(reads) >= {(keys[0], keys[2]), (keys[1], keys[3])}
    assert all(len({int(key[-2]) % 2 for key in together}) == 1 for together in reads)
