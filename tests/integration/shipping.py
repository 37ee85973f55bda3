"""Engines whose events are shipped, and the stream they come to."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.support.waiting import eventually


def signal_ids(client: Any, key: str) -> list[str]:
    return [msgspec.json.decode(fields[b"data"])["signal_id"] for _, fields in client.xrange(key)]


def await_length(client: Any, key: str, length: int) -> None:
    eventually(lambda: client.xlen(key) == length)


KILLED = """
import os, signal, sys
from signaltape import Emitter
from tests.support.samples import closed
tape = Emitter(ship=False)
for _ in range(5000):
    assert tape.closed(**closed())
os.kill(os.getpid(), signal.SIGKILL)
"""
