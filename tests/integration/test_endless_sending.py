"""What Redis cannot hold or will not take is not sent to it without end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from deploy.embedded.valkey import Valkey
from signaltape import Emitter, Secret, Settings
from signaltape.shipping.client import StreamError
from signaltape.shipping.pool import ShipperPool
from signaltape.shipping.service import ship_forever, ship_once
from signaltape.stream import route, stream_keys
from tests.integration.conftest import own_valkey
from tests.support.samples import closed, new_id
from tests.support.waiting import ended


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with own_valkey(tmp_path / "vk") as started:
        yield started


@pytest.fixture
def client(valkey: Valkey) -> Iterator[Any]:
    made = redis.Redis.from_url(valkey.url, protocol=2)
    yield made
    made.close()


def journalled(settings: Settings, count: int, **changes: Any) -> set[str]:
    ids = {new_id() for _ in range(count)}
    with Emitter(settings, ship=False) as emitter:
        assert all(emitter.closed(closed(signal_id, **changes)) for signal_id in ids)
    return ids


def added(client: Any) -> int:
    """How often an entry was added to any stream."""
    stats = client.info("commandstats").get("cmdstat_xadd", {})
    return (
        int(stats.get("calls", 0)) - int(stats.get("failed_calls", 0)) - int(stats.get("rejected_calls", 0))
    )


def no_room_for(client: Any, policy: str, room_bytes: int) -> None:
    client.config_set("maxmemory-policy", policy)
    client.config_set("maxmemory", client.info("memory")["used_memory"] + room_bytes)


def test_shipping_once_to_a_redis_that_evicts_what_it_is_given_says_so(
    settings: Settings, valkey: Valkey, client: Any
) -> None:
    own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
    journalled(own, 4000, reason="x" * 1000)
    no_room_for(client, "allkeys-lru", 2_000_000)
    with pytest.raises(StreamError):
        ship_once(own)


def test_an_engine_does_not_send_all_the_time_to_a_redis_that_evicts_what_it_is_given(
    settings: Settings, valkey: Valkey, client: Any
) -> None:
    own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
    count, seconds = 4000, 4.0
    journalled(own, count, reason="x" * 1000)
    no_room_for(client, "allkeys-lru", 2_000_000)
    stop = threading.Event()
    shipping = threading.Thread(target=ship_forever, args=(own, stop))
    shipping.start()
    stop.wait(seconds)
    sent = added(client)
    client.config_set("maxmemory", 0)
    stop.set()
    ended(shipping)
    assert sent < 3 * count


def test_what_stands_behind_a_refused_event_is_not_added_at_each_try(
    settings: Settings, valkey: Valkey, client: Any
) -> None:
    own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url), partitions=2)
    count = 100
    ids = journalled(own, count)
    broken, whole = stream_keys(own.stream, 2)
    client.set(broken, "no stream")
    fleet = ShipperPool(own)
    try:
        for _ in range(20):
            with suppress(StreamError):
                fleet.step()
            fleet.disconnect()
        sent = added(client)
        client.delete(broken)
        fleet.drain(float("inf"))
    finally:
        fleet.close()
    assert sent < 2 * count
    entries = [*client.xrange(broken), *client.xrange(whole)]
    assert {msgspec.json.decode(fields[b"data"])["signal_id"] for _, fields in entries} == ids


def test_a_journal_whose_events_are_refused_holds_up_no_other(
    settings: Settings, valkey: Valkey, client: Any
) -> None:
    own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url), partitions=2)
    broken, whole = stream_keys(own.stream, 2)
    refused, taken = (
        next(signal_id for signal_id in iter(new_id, "") if route(signal_id) % 2 == number)
        for number in (0, 1)
    )
    for name, signal_id in (("tape-1", refused), ("tape-2", taken)):  # the older is shipped first
        with Emitter(own, ship=False) as emitter:
            assert emitter.closed(closed(signal_id))
            folder = emitter.journal_folder
        assert folder is not None
        folder.rename(folder.with_name(name))
    client.set(broken, "no stream")
    fleet = ShipperPool(own)
    try:
        with suppress(StreamError):
            fleet.step()
        with pytest.raises(StreamError):
            fleet.step()
    finally:
        fleet.close()
    ((_, fields),) = client.xrange(whole)
    assert msgspec.json.decode(fields[b"data"])["signal_id"] == taken
