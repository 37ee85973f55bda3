"""Asked to stop, a shipper ends in bounded time, with what stood in the journals at that moment."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from signaltape import Emitter, Secret, Settings
from signaltape.journal.home import SHIP_LOCK
from signaltape.journal.lock import FileLock
from signaltape.shipping.pool import ShipperPool
from signaltape.shipping.service import ship_once
from tests.chaos.proxy import Proxy
from tests.integration.conftest import Runner, own_valkey
from tests.support.samples import closed
from tests.support.waiting import ended, eventually


@pytest.fixture
def slow(settings: Settings) -> Iterator[Proxy]:
    """The server, some milliseconds away."""
    assert settings.redis_url is not None
    proxy = Proxy(settings.redis_url.reveal().removeprefix("unix://"))
    proxy.start()
    proxy.slow(0.005)
    yield proxy
    proxy.stop()


@contextmanager
def emitting(settings: Settings) -> Iterator[Emitter]:
    """An engine that emits without a pause, and leaves shipping to others."""
    stop = threading.Event()
    with Emitter(settings, ship=False) as tape:

        def emit() -> None:
            while not stop.wait(0.002):
                for _ in range(10):
                    tape.closed(**closed())

        thread = threading.Thread(target=emit)
        thread.start()
        try:
            yield tape
        finally:
            stop.set()
            ended(thread)


def test_sigterm_ends_a_shipper_though_an_engine_goes_on_emitting(
    settings: Settings, slow: Proxy, redis_client: Any, key: str, runner: Runner
) -> None:
    shipper = runner.start("signaltape", "ship", REDIS_URL=f"redis://127.0.0.1:{slow.port}/0")
    with emitting(settings) as tape:
        eventually(lambda: redis_client.xlen(key) > 500)
        emitted = tape.stats()["accepted"]
        shipper.popen.send_signal(signal.SIGTERM)
        code, _, err = shipper.finish(timeout=10)
    assert code == 0, err
    assert redis_client.xlen(key) >= emitted


def test_ship_once_ends_though_an_engine_goes_on_emitting(
    settings: Settings, slow: Proxy, redis_client: Any, key: str
) -> None:
    away = msgspec.structs.replace(settings, redis_url=Secret(f"redis://127.0.0.1:{slow.port}/0"))
    with emitting(settings) as tape:
        eventually(lambda: tape.stats()["accepted"] > 500)
        emitted = tape.stats()["accepted"]
        shipped: list[int] = []
        thread = threading.Thread(target=lambda: shipped.append(ship_once(away)), daemon=True)
        thread.start()
        thread.join(10)
        assert shipped, "it ships what it found, not what came meanwhile"
    assert shipped[0] >= emitted


def test_sigterm_ends_a_shipper_whose_redis_is_frozen(
    settings: Settings, tmp_path: Any, runner: Runner
) -> None:
    with own_valkey(tmp_path / "vk") as valkey, Emitter(settings, ship=False) as tape:
        shipper = runner.start("signaltape", "ship", REDIS_URL=valkey.url)
        tape.closed(**closed())
        assert shipper.popen.stderr is not None
        eventually(lambda: (tape.journal_folder / "cursor.json").exists() if tape.journal_folder else False)
        os.kill(valkey.pid, signal.SIGSTOP)
        try:
            tape.closed(**closed())
            shipper.popen.send_signal(signal.SIGTERM)
            started = time.monotonic()
            code, _, err = shipper.finish(timeout=15)
            assert time.monotonic() - started < 11
        finally:
            os.kill(valkey.pid, signal.SIGCONT)
    assert code == 0, err
    assert "left in the journal" in err


def test_closing_is_not_done_while_another_shipper_has_the_rest(
    settings: Settings, redis_client: Any, key: str
) -> None:
    """A shipper process holds the journal of this engine, and is behind."""
    with Emitter(settings, ship=False) as quiet:
        quiet.closed(**closed())
        folder = quiet.journal_folder
    assert folder is not None
    lock = FileLock(folder / SHIP_LOCK)
    assert lock.acquire()
    fleet = ShipperPool(settings, [folder])
    fleet.take_all()
    assert fleet.has_left([folder])
    lock.release()
    fleet.take_all()
    assert fleet.step() == 1
    assert not fleet.has_left([folder])
    fleet.close()


def test_closing_is_done_if_all_was_shipped_though_redis_went_away_since(
    settings: Settings, tmp_path: Any
) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        tape = Emitter(own)
        assert tape.closed(**closed())
        folder = tape.journal_folder
        assert folder is not None
        eventually((folder / "cursor.json").exists)
        valkey.stop()
        assert tape.close(timeout=5)
        valkey.start()
