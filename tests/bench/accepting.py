"""A Bot API that notes when each numbered message was accepted, and the programs that make it wait."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from tests.support.botapi import BotServer


class Accepting(BotServer):
    """Notes when a message was accepted. numbered: finds its number in its text."""

    def __init__(self, numbered: str) -> None:
        super().__init__()
        self.accepted: dict[int, float] = {}
        self._numbered = re.compile(numbered)

    def _do(self, method: str, body: dict[str, Any]) -> web.Response:
        answer = super()._do(method, body)
        for number in self._numbered.findall(body.get("text", "")):
            self.accepted.setdefault(int(number), time.monotonic())
        return answer


async def until(server: Accepting, count: int) -> None:
    """Until so many were accepted."""
    async with asyncio.timeout(60):
        while len(server.accepted) < count:
            await asyncio.sleep(0.02)  # until what is on its way has come


@contextmanager
def process(told: dict[str, str], *module: str) -> Iterator[None]:
    """A program of ours, until the end of the block."""
    running = subprocess.Popen(
        [sys.executable, "-m", *module],
        env={**os.environ, **told},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)
