"""From the journal to the stream while Redis is away, frozen, forgetful or refuses: nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from signaltape import Emitter, Secret, Settings
from signaltape.shipping.measures import Progress
from signaltape.shipping.service import ship_forever, ship_once
from signaltape.stream import stream_key
from tests.chaos.proxy import Proxy
from tests.integration.conftest import own_valkey
from tests.integration.shipping import signal_ids
from tests.support.samples import closed, new_id
from tests.support.waiting import ended, eventually

UNREACHABLE = {
    "refused": "redis://127.0.0.1:1/0",
    "unresolvable": "redis://nowhere.invalid:6379/0",
}


@pytest.mark.parametrize("why", UNREACHABLE)
def test_redis_that_cannot_be_reached_costs_nothing_and_comes_back(
    settings: Settings, redis_client: Any, key: str, why: str
) -> None:
    away = msgspec.structs.replace(settings, redis_url=Secret(UNREACHABLE[why]))
    tape = Emitter(away)
    ids = [new_id() for _ in range(1000)]
    assert all(tape.closed(**closed(one)) for one in ids)
    started = time.monotonic()
    assert tape.close(timeout=1) is False
    assert time.monotonic() - started < 5
    assert ship_once(settings) == 1000
    assert signal_ids(redis_client, key) == ids


def test_what_is_to_be_sent_again_waits_for_a_redis_that_is_away(
    settings: Settings, redis_client: Any, key: str
) -> None:
    tape = Emitter(settings)
    for _ in range(10):
        tape.closed(**closed())
    assert tape.close(timeout=20)
    assert settings.redis_url is not None
    proxy = Proxy(settings.redis_url.reveal().removeprefix("unix://"))
    proxy.start()
    proxy.away()
    behind = msgspec.structs.replace(settings, redis_url=Secret(f"redis://127.0.0.1:{proxy.port}/0"))
    progress, stop = Progress(), threading.Event()
    how = {"resend_since": 0.0, "progress": progress}
    shipping = threading.Thread(target=ship_forever, args=(behind, stop), kwargs=how)
    shipping.start()
    try:
        eventually(lambda: progress.failures > 1)
        proxy.back()
        eventually(lambda: redis_client.xlen(key) == 20)
    finally:
        stop.set()
        ended(shipping)
        proxy.stop()


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()
    anonymous = int(pages[1]) - int(pages[2])  # without the journal's own mapped pages
    return anonymous * os.sysconf("SC_PAGE_SIZE")


def test_a_frozen_redis_holds_up_no_call_and_grows_no_memory(settings: Settings, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        frozen = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        client = redis.Redis.from_url(valkey.url, protocol=2)
        key = stream_key(frozen.stream, 0)
        tape = Emitter(frozen)
        assert tape.closed(**closed())
        eventually(lambda: client.xlen(key) == 1)
        os.kill(valkey.pid, signal.SIGSTOP)
        try:
            for _ in range(2000):
                tape.closed(**closed())
            before = _resident_bytes()
            slowest = 0.0
            for _ in range(60_000):
                started = time.perf_counter()
                assert tape.closed(**closed())
                slowest = max(slowest, time.perf_counter() - started)
            assert slowest < 2, "no call waited for Redis"
            assert _resident_bytes() - before < 8 * 1024 * 1024
        finally:
            os.kill(valkey.pid, signal.SIGCONT)
        eventually(lambda: client.xlen(key) >= 62_001, timeout=60)
        assert tape.close(timeout=20)
        assert len(set(signal_ids(client, key))) == 62_001
        client.close()


def test_a_restarted_redis_that_forgot_gets_everything_again(settings: Settings, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk", "--appendonly", "no") as valkey:
        forgetful = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        key = stream_key(forgetful.stream, 0)
        ids = [new_id() for _ in range(500)]
        with Emitter(forgetful) as tape:
            for one in ids[:400]:
                tape.closed(**closed(one))
            client = redis.Redis.from_url(valkey.url, protocol=2)
            eventually(lambda: client.xlen(key) == 400)
            valkey.stop()
            for one in ids[400:]:
                assert tape.closed(**closed(one))
            valkey.start()
            eventually(lambda: set(signal_ids(client, key)) == set(ids))
        client.close()


@pytest.mark.parametrize("how", ["flush", "delete"])
def test_a_stream_that_vanished_is_filled_again(settings: Settings, tmp_path: Path, how: str) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        key = stream_key(own.stream, 0)
        client = redis.Redis.from_url(valkey.url, protocol=2)
        with Emitter(own) as tape:
            for _ in range(100):
                tape.closed(**closed())
            eventually(lambda: client.xlen(key) == 100)
            client.flushall() if how == "flush" else client.delete(key)
            eventually(lambda: client.xlen(key) >= 100)  # noticed while idle
        client.close()


@pytest.mark.parametrize("how", ["flush", "delete"])
def test_every_journal_is_sent_again_though_another_one_has_filled_the_stream(
    settings: Settings, tmp_path: Path, how: str
) -> None:
    """Two engines, each with a shipper: after a flush one of them writes first, and the other still notices."""
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        other = msgspec.structs.replace(own, home=tmp_path / "other")
        key = stream_key(own.stream, 0)
        client = redis.Redis.from_url(valkey.url, protocol=2)
        with Emitter(own) as first, Emitter(other) as second:
            for tape in (first, second):
                for _ in range(50):
                    tape.closed(**closed())
            eventually(lambda: client.xlen(key) == 100)
            before = set(signal_ids(client, key))
            client.flushall() if how == "flush" else client.delete(key)
            client.xadd(key, {"event": "signal_closed", "data": msgspec.json.encode(closed())})
            eventually(lambda: before <= set(signal_ids(client, key)))
        client.close()


def test_a_trimmed_stream_is_not_taken_for_a_forgetful_one(
    settings: Settings, redis_client: Any, key: str
) -> None:
    with Emitter(settings) as tape:
        for _ in range(50):
            tape.closed(**closed())
        eventually(lambda: redis_client.xlen(key) == 50)
        redis_client.xtrim(key, maxlen=0, approximate=False)
        tape.closed(**closed())
        eventually(lambda: redis_client.xlen(key) == 1)
    assert ship_once(settings) == 0
    assert redis_client.xlen(key) == 1


def test_a_restart_sends_again_only_the_last_moments(settings: Settings, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url), segment_bytes=1024 * 1024)
        client = redis.Redis.from_url(valkey.url, protocol=2)
        key = stream_key(own.stream, 0)
        with Emitter(own, ship=False) as tape:
            for _ in range(9000):
                tape.closed(**closed())
            assert ship_once(own) == 9000
            folder = tape.journal_folder
            assert folder is not None
            first, *_ = sorted(folder.glob("*.seg"))
            os.utime(first, (0, 0))  # shipped long ago
            valkey.stop()
            valkey.start()
            again = ship_once(own)
        assert 0 < again < 9000
        assert len(set(signal_ids(client, key))) == 9000
        client.close()


def test_a_redis_that_refuses_writes_is_tried_again(settings: Settings, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        key = stream_key(own.stream, 0)
        client = redis.Redis.from_url(valkey.url, protocol=2)
        client.config_set("maxmemory", "1")
        with Emitter(own) as tape:
            for _ in range(300):
                assert tape.closed(**closed())
            eventually(lambda: client.info("stats")["total_commands_processed"] > 10)
            assert client.xlen(key) == 0
            client.config_set("maxmemory", "0")
            eventually(lambda: len(set(signal_ids(client, key))) == 300)
        client.close()
