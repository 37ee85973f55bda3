"""ASGI: hooks around FastAPI, Starlette, Quart or any other application, without importing one of them.

    from signaltape.integrations.asgi import Hooks
    app = Hooks(Starlette(routes=...), tape=tape, hooks=HttpHooks())
    app.add_middleware(Hooks, tape=tape, hooks=HttpHooks())         # or so, with Starlette and FastAPI
    quart.asgi_app = Hooks(quart.asgi_app, tape=tape)               # or so, with Quart

Messages of the application are passed on as they are and when they come, the body's always. Websockets are not timed; a
key and a limit hold for them too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from signaltape.emitter import Emitter
from signaltape.http.gate import Answer, Asked, Gate, HeaderOf, Visit
from signaltape.http.hooks import HttpHooks
from signaltape.http.timing import Timing
from signaltape.integrations.asgi_exchange import Exchange, answer_with
from signaltape.integrations.asgi_routes import PatternOf, answered_by, by_routes, finder
from signaltape.measuring import recorder_of

Message = MutableMapping[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

#: Where the application finds the id of the request in its scope.
REQUEST_ID = "signaltape.request_id"
#: A websocket is closed with it before it is accepted; servers answer 403.
_POLICY_VIOLATION = 1008


class Hooks:
    """The middleware.

    tape: whose measurements they are. pattern: finds the pattern of a scope, where routes are none of Starlette's or
    Quart's; called before the application is. Raises SettingsError if a hook cannot be used as it is asked for.
    """

    def __init__(
        self, app: App, *, tape: Emitter, hooks: HttpHooks | None = None, pattern: PatternOf | None = None
    ) -> None:
        wanted = hooks or HttpHooks()
        self._app, self._gate = app, Gate(wanted)
        self._root = app if hasattr(app, "routes") else None
        self._pattern = pattern or finder(app)
        self._observe = recorder_of(tape).request if wanted.measure and tape.enabled else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as the application does. Frameworks name the types of these in ways of their own."""
        if scope["type"] == "http" and (self._observe or self._gate.acts):
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket" and self._gate.refuses:
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = Visit(self._gate, _header_of(scope))
        scope[REQUEST_ID] = visit.request_id
        before = self._before(scope)
        timing = None if self._observe is None else Timing(self._observe)
        exchange = Exchange(
            scope, receive, send, visit, self._gate, timing, lambda: self._found(before, scope)
        )
        try:
            refusal = await self._refusal(before, visit)
            if refusal is not None:
                await answer_with(refusal, exchange.send)
            else:
                await self._app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            await exchange.broke_off(error)
            raise
        exchange.end()

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = Visit(self._gate, _header_of(scope))
        before = self._before(scope)
        refusal = await self._refusal(before, visit)
        if refusal is None:
            await self._app(scope, receive, send)
        elif "websocket.http.response" in (scope.get("extensions") or {}):
            headers = [*refusal.headers, *visit.headers()]
            await answer_with(refusal._replace(headers=headers), send, "websocket.http.response")
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    def _before(self, scope: Scope) -> Scope:
        """The scope as it is now, with the application whose routes count: mounted, `app` is another one."""
        return {**scope, "app": self._root or scope.get("app")}

    async def _refusal(self, before: Scope, visit: Visit) -> Answer | None:
        """Looked at before the application is asked; a count that may wait for a server leaves the loop alone."""
        if not self._gate.refuses:
            return None
        address = (before.get("client") or ("-", 0))[0]
        asked = Asked(before.get("method", "GET"), before["path"], self._pattern(before), address)
        if self._gate.waits:
            return await asyncio.to_thread(visit.refused, asked)
        return visit.refused(asked)

    def _found(self, before: Scope, scope: Scope) -> str | None:
        """The pattern, once the request is answered; an answer does not fail because nobody can tell its route."""
        try:
            return answered_by(before, scope) if self._pattern is by_routes else self._pattern(before)
        except Exception:  # noqa: BLE001 - routes of a kind that is not known here
            return None


def _header_of(scope: Scope) -> HeaderOf:
    """Reads a header of a request by its name in small letters, the first of that name."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]

    def of(name: str) -> str | None:
        wanted = name.encode()
        return next((value.decode("latin-1") for key, value in headers if key == wanted), None)

    return of
