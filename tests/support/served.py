"""The real dashboard, served in a thread of its own, and a client that asks it as any program would."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support.waiting import ended
from web.application import application
from web.listening import Listening
from web.settings import WebSettings

_WITHIN_S = 60.0


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Served:
    """A running dashboard at `port` of this machine."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()
        self._listening: Listening = self._do(self._begin())

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        self._do(self._listening.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        ended(self._thread)
        self._loop.close()

    def get(self, path: str, **headers: str) -> Answer:
        """GET as a browser would, unless headers say otherwise (`Accept_Encoding` for `Accept-Encoding`)."""
        return self.ask("GET", path, headers={"Accept": "text/html", **_named(headers)})

    def ask(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_WITHIN_S)
        try:
            connection.request(method, path, body and body.encode(), dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, _plain(answer.headers, answer.read()))
        finally:
            connection.close()

    async def _begin(self) -> Listening:
        listening = Listening(application(self._settings))
        await listening.start("127.0.0.1", 0)
        self.port = listening.port
        return listening

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WITHIN_S)


@contextmanager
def serving(settings: WebSettings) -> Iterator[Served]:
    """A dashboard with these settings."""
    served = Served(settings)
    served.start()
    try:
        yield served
    finally:
        served.stop()


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _plain(headers: http.client.HTTPMessage, body: bytes) -> bytes:
    return gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body
