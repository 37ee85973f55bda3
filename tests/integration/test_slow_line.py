"""A line to Redis over which a whole batch takes longer than an answer may."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaltape import Emitter, Secret, Settings
from signaltape.shipping.client import StreamError
from signaltape.shipping.pool import ShipperPool
from tests.support.samples import closed, new_id

EVENTS = 300
#: At most so much is passed on at once, and so often.
PIECE_BYTES, EVERY_S = 4096, 0.01


def _pass_on(source: socket.socket, target: socket.socket, every_s: float) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            target.sendall(piece)
            time.sleep(every_s)  # it is the line that is slow
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def slow_line(settings: Settings) -> Iterator[Secret]:
    """The URL of a Redis behind a slow line."""
    assert settings.redis_url is not None
    behind = settings.redis_url.reveal().removeprefix("unix://")
    folder = Path(tempfile.mkdtemp(prefix="slow-"))
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(folder / "s"))
    door.listen()
    opened = [door]

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, far = door.accept()[0], socket.socket(socket.AF_UNIX)
                opened.extend((near, far))
                far.connect(behind)
                for source, target, every_s in ((near, far, EVERY_S), (far, near, 0.0)):
                    threading.Thread(target=_pass_on, args=(source, target, every_s), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield Secret(f"unix://{folder}/s")
    for end in opened:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
    shutil.rmtree(folder)


def test_events_get_over_a_line_that_is_too_slow_for_a_batch(
    settings: Settings, slow_line: Secret, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaltape.shipping.client.ANSWER_TIMEOUT_S", 0.1)
    ids = {new_id() for _ in range(EVENTS)}
    with Emitter(settings, ship=False) as emitter:
        assert all(emitter.closed(closed(signal_id, reason="x" * 1000)) for signal_id in ids)
    fleet = ShipperPool(msgspec.structs.replace(settings, redis_url=slow_line))
    arrived: set[str] = set()
    deadline = time.monotonic() + 8
    try:
        while arrived < ids and time.monotonic() < deadline:
            try:
                fleet.step()
            except StreamError:
                fleet.disconnect()
            entries = redis_client.xrange(key)
            arrived = {msgspec.json.decode(fields[b"data"])["signal_id"] for _, fields in entries}
    finally:
        fleet.close()
    assert arrived == ids
    assert len(entries) < 2 * EVENTS
