"""The dead man's switch trips though the control thread hangs: a name is looked up while a network is cut."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from signaltape import Emitter, Settings
from signaltape.settings import Secret
from tests.support.waiting import eventually


def test_it_trips_while_the_name_of_redis_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, asked = threading.Event(), threading.Event()

    def hanging(*_given: Any, **_more: Any) -> Any:
        asked.set()
        over.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    settings = Settings(
        feature_event_logging=True, redis_url=Secret("redis://redis.example.org:6379/0"), home=tmp_path
    )
    told: list[bool] = []
    with Emitter(settings, fail_safe_s=1.0) as tape:
        tape.on_pause(told.append)
        try:
            assert asked.wait(30)
            assert eventually(lambda: tape.paused)
            assert eventually(lambda: told, 20) == [True]
            assert not over.is_set()
        finally:
            over.set()
