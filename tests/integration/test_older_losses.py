"""A Redis that comes back without more than its last moments: what the journals still hold is sent again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from deploy.embedded.valkey import Valkey
from signaltape import Emitter, Secret, Settings
from signaltape.shipping.pool import ShipperPool
from signaltape.shipping.service import ship_once
from tests.integration.conftest import own_valkey
from tests.support.samples import closed, new_id
from tests.support.waiting import eventually

EVENTS = 60
MARGIN_S = 0.1


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server that keeps on disk only what it is told to save."""
    with own_valkey(tmp_path / "vk", "--appendonly", "no") as started:
        yield started


@pytest.fixture
def own(settings: Settings, valkey: Valkey) -> Settings:
    return msgspec.structs.replace(settings, redis_url=Secret(valkey.url), segment_bytes=4096)


@pytest.fixture
def client(valkey: Valkey) -> Iterator[Any]:
    made = redis.Redis.from_url(valkey.url, protocol=2)
    yield made
    made.close()


def fill(own: Settings) -> set[str]:
    """Events in several segments of a journal whose engine has ended."""
    with Emitter(own, ship=False) as emitter:
        return journal(emitter)


def journal(emitter: Emitter) -> set[str]:
    ids = {new_id() for _ in range(EVENTS)}
    assert all(emitter.closed(closed(signal_id)) for signal_id in ids)
    return ids


def age_shipped(own: Settings, by_s: float) -> None:
    """Have every segment but the last be shipped longer ago."""
    segments = sorted((own.home / "journal").glob("*/*.seg"))
    assert len(segments) > 2
    then = time.time() - by_s
    for segment in segments[:-1]:
        os.utime(segment, (then, then))


def ids_in(client: Any, key: str) -> set[str]:
    return {msgspec.json.decode(fields[b"data"])["signal_id"] for _, fields in client.xrange(key)}


def restart(valkey: Valkey) -> None:
    valkey.stop()
    valkey.start()


def test_a_redis_that_restarts_empty_gets_all_that_the_journals_hold(
    own: Settings, valkey: Valkey, client: Any, key: str
) -> None:
    ids = fill(own)
    ship_once(own)
    age_shipped(own, 600)
    restart(valkey)
    ship_once(own)
    assert ids_in(client, key) == ids


def test_a_redis_that_restarts_empty_gets_all_from_a_shipper_that_was_there(
    own: Settings, valkey: Valkey, client: Any, key: str
) -> None:
    ids = fill(own)
    fleet = ShipperPool(own)
    try:
        fleet.drain(float("inf"))
        age_shipped(own, 600)
        restart(valkey)
        fleet.disconnect()
        fleet.drain(float("inf"))
    finally:
        fleet.close()
    assert ids_in(client, key) == ids


def after(moment: float) -> bool:
    return time.monotonic() > moment


def ship_in_three_parts(own: Settings, fleet: ShipperPool, between: Callable[[], None]) -> set[str]:
    """Events shipped at three moments, further apart than the margin; `between` is called after the first."""
    ids: set[str] = set()
    with Emitter(own, ship=False) as emitter:
        for part in range(3):
            until = time.monotonic() + 2 * MARGIN_S
            ids |= journal(emitter)
            fleet.drain(float("inf"))
            if part == 0:
                between()
            eventually(partial(after, until))
    return ids


@pytest.fixture
def small_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("journal", "forgetting"):
        monkeypatch.setattr(f"signaltape.shipping.{module}.RESEND_MARGIN_S", MARGIN_S)


@pytest.mark.usefixtures("small_margin")
def test_a_redis_that_restarts_from_an_old_snapshot_gets_what_came_after_it(
    own: Settings, valkey: Valkey, client: Any, key: str
) -> None:
    fleet = ShipperPool(own)
    try:
        ids = ship_in_three_parts(own, fleet, client.save)
        restart(valkey)
        fleet.disconnect()
        fleet.drain(float("inf"))
    finally:
        fleet.close()
    assert ids_in(client, key) == ids


@pytest.mark.usefixtures("small_margin")
def test_a_redis_whose_clock_is_ahead_gets_again_what_it_lost(own: Settings, client: Any, key: str) -> None:
    ahead = f"{int(1000 * (time.time() + 300))}-1"
    client.xadd(key, {"event": "other", "data": '{"signal_id": "other"}'}, id=ahead)
    kept: list[bytes] = []
    fleet = ShipperPool(own)
    try:
        ids = ship_in_three_parts(own, fleet, lambda: kept.append(client.dump(key)))
        client.restore(key, 0, kept[0], replace=True)
        fleet.drain(float("inf"))
    finally:
        fleet.close()
    assert ids_in(client, key) == ids | {"other"}
