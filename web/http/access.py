"""Who asks: a key in the Authorization header, a login's cookie, or, on this machine without any key, anybody."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sink.db import DatabaseError
from sink.pool import Busy, Pool, PoolTimeout, Session
from web import keys
from web.http import cookies
from web.http.problems import Problem, wants_json
from web.http.together import Together
from web.keys import ApiKey

#: How long what Postgres said of a key is believed; while it is away, the last that it said.
_BELIEVED_S = 10.0
#: While it is away it is asked again after this time: each who asks waits for it.
_AGAIN_S = 2.0
#: Known keys at most, and ids that are none, each for a while: who repeats a wrong key asks Postgres seldom.
_MOST_KNOWN, _NONE_FOR_S = 1000, 5.0
_MOST_HEADER = 300
#: So many questions at once, and so long one may take: longer than a server that is plainly away is waited for.
_AT_ONCE, _WITHIN_S = 2, 4.0
#: So often it is noted that a key is in use.
_TOUCH_S = 60.0
log = logging.getLogger("web")


class Who(NamedTuple):
    """Who asks, and what they may."""

    name: str
    scopes: frozenset[str]
    #: under what their requests are counted
    counted_as: str
    #: by a cookie or by nothing: a browser may have been led to ask
    by_browser: bool
    key: ApiKey | None = None

    def may(self, scope: str) -> bool:
        """Whether they may do what asks for this scope."""
        return self.key.may(scope) if self.key else scope in self.scopes


WHO = web.RequestKey("who", Who)
#: why nobody is known to ask: said after the request was counted
REFUSAL = web.RequestKey("refusal", Exception)
ANYBODY = frozenset(keys.SCOPES)
T = TypeVar("T")


class Access:
    """Knows the keys. must_log_in: answer nobody without one, even if there is none (a server that others reach)."""

    def __init__(self, pool: Pool, writing: Pool, *, must_log_in: bool) -> None:
        self._pool, self._writing = pool, writing
        self._touched: dict[str, float] = {}
        self._touching: set[asyncio.Task[None]] = set()
        self._must_log_in = must_log_in
        self._few = asyncio.Semaphore(_AT_ONCE)
        self._any: tuple[float, bool] | None = None
        self._known: dict[str, tuple[float, ApiKey | None]] = {}
        self._none_until: dict[str, float] = {}
        self._looked_for = Together(self._look_for)

    async def who(self, request: web.Request) -> Who | None:
        """Who asks; None: nobody that is known. Raises Problem for a key that is wrong."""
        given = request.headers.get("Authorization")
        if given is not None:
            return await self._by_header(given)
        key = await self._by_cookie(request.cookies.get(cookies.NAME, ""))
        if key is not None:
            return self._known_as(key, by_browser=True)
        if await self.needs_key():
            return None
        return Who("this machine", ANYBODY, f"address:{request.remote}", by_browser=True)

    async def needs_key(self) -> bool:
        """Whether a key is needed. Once one was seen, it stays so: revoking the last one opens no door."""
        if self._must_log_in:
            return True
        self._any = await self._believed(self._any, self._is_there_any)
        self._must_log_in = self._any[1]
        return self._must_log_in

    async def key_of(self, text: str) -> ApiKey | None:
        """The valid key with this text."""
        parts = keys.parts_of(text)
        key = await self._find(parts[0]) if parts else None
        return key if parts and key and keys.is_right(key, parts[1]) else None

    async def _by_header(self, given: str) -> Who:
        scheme, _, text = given.partition(" ")
        key = (
            await self.key_of(text.strip())
            if scheme.lower() == "bearer" and len(given) < _MOST_HEADER
            else None
        )
        if key is None:
            raise Problem(401, "This API key is not known, or was revoked.", headers=CHALLENGE)
        return self._known_as(key, by_browser=False)

    async def _by_cookie(self, value: str) -> ApiKey | None:
        key_id = cookies.key_id_of(value)
        key = await self._find(key_id) if key_id else None
        return key if key and cookies.is_valid(value, key) else None

    def _known_as(self, key: ApiKey, *, by_browser: bool) -> Who:
        self._must_log_in = True  # there is a key: from now on one is needed
        now = time.monotonic()
        if now - self._touched.get(key.key_id, -_TOUCH_S) >= _TOUCH_S:
            self._touched[key.key_id] = now
            task = asyncio.create_task(self._touch(key.key_id))
            self._touching.add(task)
            task.add_done_callback(self._touching.discard)
        return Who(key.name, key.scopes, f"key:{key.key_id}", by_browser, key)

    async def _touch(self, key_id: str) -> None:
        """Note that a key is in use, beside the answer; where that cannot be written, nothing else suffers."""
        try:
            async with self._writing.write() as session:
                await keys.touch(session, key_id)
        except (DatabaseError, PoolTimeout) as error:
            log.info("the use of key %s was not noted: %s", key_id, type(error).__name__)

    async def close(self) -> None:
        """Wait for what is being noted."""
        await asyncio.gather(*self._touching)
        await self._looked_for.close()

    async def _find(self, key_id: str) -> ApiKey | None:
        if time.monotonic() < self._none_until.get(key_id, 0.0):
            return None
        found = await self._believed(self._known.get(key_id), lambda: self._looked_for.find(key_id))
        if found[1] is None:
            self._known.pop(key_id, None)
            self._none_until.pop(key_id, None)
            self._none_until[key_id] = time.monotonic() + _NONE_FOR_S
            while len(self._none_until) > _MOST_KNOWN:
                del self._none_until[next(iter(self._none_until))]
        elif len(self._known) < _MOST_KNOWN or key_id in self._known:
            self._known[key_id] = found
        return found[1]

    async def _believed(
        self, known: tuple[float, T] | None, ask: Callable[[], Awaitable[T]]
    ) -> tuple[float, T]:
        now = time.monotonic()
        if known is not None and now - known[0] < _BELIEVED_S:
            return known
        try:
            return now, await ask()
        except Busy:  # who keeps it busy may be the one whose key was revoked
            if known is None or now - known[0] >= 2 * _BELIEVED_S:
                raise
            return known
        except (DatabaseError, PoolTimeout):
            if known is None:
                raise
            return max(known[0], now - _BELIEVED_S + _AGAIN_S), known[1]

    async def _look_for(self, key_ids: Sequence[str]) -> dict[str, ApiKey]:
        async with self._soon() as session:
            return await keys.find(session, key_ids)

    async def _is_there_any(self) -> bool:
        async with self._soon() as session:
            return await keys.any_key(session)

    @asynccontextmanager
    async def _soon(self) -> AsyncIterator[Session]:
        try:
            async with asyncio.timeout(_WITHIN_S), self._few, self._pool.read() as session:
                yield session
        except TimeoutError:
            raise Busy("Postgres took too long to say what is known of keys") from None


CHALLENGE = {"WWW-Authenticate": 'Bearer realm="signaltape"'}
_OPEN = ("/static/", "/login", "/healthz", "/readyz")


def asked_by(access: Access) -> Middleware:
    """The layer that finds out who asks, and sends those who must log in to the page for that."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_OPEN):
            return await handler(request)
        try:
            request[WHO] = await access.who(request) or _refuse(request)
        except (Problem, web.HTTPSeeOther) as refusal:
            request[REFUSAL] = refusal
        return await handler(request)

    return check


def _refuse(request: web.Request) -> Who:
    """Programs are told what they need, people are led to the login."""
    if wants_json(request) or request.method != "GET":
        raise Problem(401, "An API key is needed: Authorization: Bearer st_…", headers=CHALLENGE)
    raise web.HTTPSeeOther("/login")


def need(request: web.Request, scope: str) -> Who:
    """Who asks, if they may do this. Raises Problem."""
    who = request[WHO]
    if not who.may(scope):
        raise Problem(403, f"This needs a key with the scope {scope}.")
    return who
