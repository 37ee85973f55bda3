"""REPLAY MODE: while a session is replayed on this machine, every page says so."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from replay.operations.playing import running_sessions
from signaltape.errors import OperationError
from signaltape.replay import PlayerStatus
from signaltape.settings import Settings
from web.threads import Threads

log = logging.getLogger("web")
#: What was found is believed so long.
_FRESH_S = 1.0
#: Nobody sees these.
_UNSEEN = ("/static/", "/api/", "/healthz", "/readyz", "/metrics")


class ReplayMode(NamedTuple):
    """What the badge says: the session that began first, at which speed, and how many more there are."""

    session_id: str
    speed: float | None
    more: int


REPLAY_MODE = web.RequestKey("replay_mode", ReplayMode)


def mode_of(running: list[PlayerStatus]) -> ReplayMode | None:
    """What the badge says of these."""
    if not running:
        return None
    first = running[0]
    return ReplayMode(first.session_id, first.speed_factor, len(running) - 1)


class _Looking:
    """Looks at most once a second, for all who ask meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._looked_at = float("-inf")
        self._found: ReplayMode | None = None
        self._one = asyncio.Lock()
        self._threads = Threads("replay-mode", 1)  # every page waits for it

    async def now(self) -> ReplayMode | None:
        async with self._one:
            if time.monotonic() - self._looked_at > _FRESH_S:
                try:
                    self._found = mode_of(await self._threads.run(running_sessions, self._settings))
                except OperationError as error:
                    log.warning("whether a session is replayed is not known: %s", error)
                self._looked_at = time.monotonic()
        return self._found


def replay_mode(settings: Settings) -> Middleware:
    """The layer that finds out for every page."""
    looking = _Looking(settings)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(_UNSEEN):
            mode = await looking.now()
            if mode is not None:
                request[REPLAY_MODE] = mode
        return await handler(request)

    return check
