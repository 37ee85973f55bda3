"""The webhook: updates that Telegram sends here, believed by a secret alone, taken as such once they are stored."""

from __future__ import annotations

import hmac
import logging
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from desk.intake import Intake
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.settings import Secret
from sink.db import DatabaseError

log = logging.getLogger("desk")

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - only its name
#: No update is larger.
MOST_BYTES = 1024 * 1024
#: A body that does not come is not waited for without end.
_READ_WITHIN_S = 15


class Webhook:
    """A server for one path. Telegram sends again what is not answered by 200."""

    def __init__(self, url: str, secret: Secret, intake: Intake, notices: Notices) -> None:
        self._path = urlsplit(url).path or "/"
        self._secret = secret.reveal().encode()
        self._intake, self._notices = intake, notices
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post(self._path, self._handle)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=5.0, lingering_time=_READ_WITHIN_S
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._runner is not None
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Answer what is under way, and end."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._secret):
            return web.Response(status=403)
        try:
            update = msgspec.json.decode(await request.read())
        except (ValueError, RecursionError):  # no JSON, or no text
            return web.Response(status=400)
        try:
            await self._intake.take([update])
        except DatabaseError as error:
            self._notices.say("Postgres", f"Postgres is away, Telegram sends again: {one_line(error)}")
            return web.Response(status=503)
        return web.Response()
