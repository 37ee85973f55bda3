"""The sockets: how many connections there may be, how long a request may take to come, and an answer to be taken.

Whoever is slow on purpose costs a connection for a while, and nobody else anything.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from signaltape.http.request_ids import HEADER, take_over
from web.http.problems import Problem, as_json
from web.http.security import harden
from web.shared import VERSIONS

log = logging.getLogger("web")
#: Connections at most: a process has 1,024 files by default, and needs some for itself.
MOST_CONNECTIONS = 800
#: A connection on which no whole request has come for so long is closed: one that is idle, and one that never ends its
#: header.
IDLE_S = 30.0
#: Who takes nothing of an answer for so long is cut off.
STUCK_S = 20.0
#: What still comes of a body that nobody wants is thrown away for so long.
_LINGER_S = 2.0
#: Answers that are under way get so long to end.
_END_WITHIN_S = 3.0


class Connection(web.RequestHandler):
    """One connection. waiting_since: when it began to wait for a whole request; None while one is answered."""

    def __init__(self, manager: web.Server, app: web.Application, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # None is how it is switched off
            keepalive_timeout=IDLE_S,
            lingering_time=_LINGER_S,
            auto_decompress=False,  # few bytes could become many
        )
        self._app, self._clock = app, loop
        self._stuck: asyncio.TimerHandle | None = None
        self.waiting_since: float | None = loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        super().connection_made(transport)
        _give_up_after(transport.get_extra_info("socket"), STUCK_S)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is gone."""
        self._unstuck()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits to be taken than is kept."""
        super().pause_writing()
        self._stuck = self._clock.call_later(STUCK_S, self._cut)

    def resume_writing(self) -> None:
        """It was taken."""
        self._unstuck()
        super().resume_writing()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While a request is being answered the connection does not count as one that waits."""
        self.waiting_since = None
        try:
            yield
        finally:
            self.waiting_since = self._clock.time()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no request, in the words and with the headers of every other answer."""
        if isinstance(exc, UnicodeError):  # what aiohttp says of a strange header has the header in it
            status = 400
        if status >= 500:
            log.error("%s: an answer failed outside of all layers", request.remote, exc_info=exc)
        else:
            log.info("%s: no request that can be understood: %s", request.remote, type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun already")
        request_id = take_over(None)
        said = "The request could not be understood." if status < 500 else "Something went wrong here."
        response = as_json(Problem(status, said), request, request_id)
        response.headers[HEADER] = request_id
        response.headers.update(self._app[VERSIONS].headers)
        harden(response)
        response.force_close()
        return response

    def _cut(self) -> None:
        if self.transport is not None:
            log.info("cut off: nothing of an answer was taken for %.0f s", STUCK_S)
            self.transport.abort()

    def _unstuck(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


class Listening:
    """An application that listens."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._runner = web.AppRunner(app, shutdown_timeout=_END_WITHIN_S)
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Open what the application needs, and listen. port: 0 for any. Raises OSError."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, host, port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take no more, end what is under way, close."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        manager = self._runner.server
        assert manager is not None
        if len(manager.connections) >= MOST_CONNECTIONS and not _make_room(manager.connections):
            return _Refused()
        return Connection(manager, self._app, asyncio.get_running_loop())


@web.middleware
async def occupied(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The layer that marks a connection as one that is being answered."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        return await handler(request)
    with connection.answering():
        return await handler(request)


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _make_room(connections: list[Any]) -> bool:
    """Close the connection that has waited longest for a whole request. False: all are being answered."""
    waiting = [one for one in connections if one.waiting_since is not None and one.transport is not None]
    if not waiting:
        return False
    min(waiting, key=lambda one: one.waiting_since).force_close()
    return True


def _give_up_after(connection: socket.socket | None, seconds: float) -> None:
    """Have the kernel end a connection whose other end takes nothing for so long, where it can."""
    if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
