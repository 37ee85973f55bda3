"""aiohttp: hooks around the answers of a server.

    from signaltape.integrations.aiohttp import install
    install(app, tape=tape, hooks=HttpHooks())

Websockets are not timed; a key and a limit hold for them too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from signaltape.emitter import Emitter
from signaltape.http.gate import Answer, Asked, Gate, HeaderOf, Visit
from signaltape.http.hooks import HttpHooks
from signaltape.http.problems import PROBLEM_JSON, may_be_told, title_of
from signaltape.http.timing import CALLER_GONE, FAILED, Observe, Timing
from signaltape.measuring import recorder_of

#: Where a handler finds the id of its request.
REQUEST_ID = web.RequestKey("signaltape.request_id", str)
_VISIT = web.RequestKey("signaltape.visit", Visit)
_TIMING = web.RequestKey("signaltape.timing", Timing)
#: Set once headers go out: then there is no other answer any more.
_BEGUN = web.RequestKey("signaltape.begun", bool)


def install(app: web.Application, *, tape: Emitter, hooks: HttpHooks | None = None) -> None:
    """Put the hooks around an application, outside of the middlewares that it has; before it starts.

    tape: whose measurements they are. Raises SettingsError if a hook cannot be used as it is asked for.
    """
    wanted = hooks or HttpHooks()
    gate = Gate(wanted)
    observe = recorder_of(tape).request if wanted.measure and tape.enabled else None
    if observe is None and not gate.acts:
        return
    app.middlewares.insert(0, _around(gate, observe))
    app.on_response_prepare.append(_prepared)


def _around(gate: Gate, observe: Observe | None) -> Middleware:
    answered = _told if gate.hooks.problems else _untouched

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        visit = request[_VISIT] = Visit(gate, _header_of(request.headers))
        if visit.request_id is not None:
            request[REQUEST_ID] = visit.request_id
        if observe is not None:
            request[_TIMING] = Timing(observe)
        refusal = await _refusal(gate, visit, request)
        if refusal is not None:
            return _ended(request, _response(refusal))
        try:
            return _ended(request, await answered(request, handler))
        except web.HTTPException as error:
            _end(request, error.status)
            raise
        except BaseException as error:
            _end(request, _status_of(request, error))
            raise

    return around


async def _untouched(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await handler(request)


async def _told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors in aiohttp's own words become problems, and are logged as it would have logged them."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if not _in_own_words(request, error):
            raise
        said = None if error.reason == title_of(error.status) else error.reason
        body = request[_VISIT].problem(error.status, request.path, said)
        response = _problem(error.status, error.headers, body)
        response.cookies.update(error.cookies)
        return response
    except Exception:
        if _BEGUN in request:
            raise
        request.protocol.logger.exception("Error handling request from %s", request.remote)
        request[_VISIT].note_failure(request.method, _pattern(request))
        return _problem(FAILED, {}, request[_VISIT].problem(FAILED, request.path))


def _in_own_words(request: web.Request, error: web.HTTPException) -> bool:
    usual = f"{error.status}: {error.reason}"
    told = may_be_told(error.status, error.content_type, request.headers.get("Accept"))
    return told and error.text in (None, usual)


def _problem(status: int, headers: Mapping[str, str], body: bytes) -> web.Response:
    response = web.Response(status=status, body=body, headers={"Content-Type": PROBLEM_JSON})
    for name, value in headers.items():  # one may stand there more than once
        if not name.lower().startswith("content-"):
            response.headers.add(name, value)
    return response


def _ended(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if isinstance(response, web.WebSocketResponse):
        request.pop(_TIMING, None)  # it was open for as long as both wanted it
    _end(request, response.status)
    return response


def _end(request: web.Request, status: int) -> None:
    timing = request.get(_TIMING)
    if timing is not None:
        timing.end(request.method, _pattern(request), request[_VISIT].request_id, status)


def _status_of(request: web.Request, error: BaseException) -> int:
    """What came of a request whose handler raised: the caller went away, or it failed."""
    if isinstance(error, asyncio.CancelledError) or (
        isinstance(error, ConnectionResetError) and _gone(request)
    ):
        timing = request.get(_TIMING)
        return (timing.status if timing else None) or CALLER_GONE
    return FAILED


def _gone(request: web.Request) -> bool:
    """Whether it is the caller's connection that broke, and not one of the engine's own."""
    return request.transport is None or request.transport.is_closing()


async def _prepared(request: web.Request, response: web.StreamResponse) -> None:
    """Just before the headers go out, of streams too."""
    visit, timing = request.get(_VISIT), request.get(_TIMING)
    request[_BEGUN] = True
    if timing is not None:
        timing.answered(response.status)
    if visit is not None:
        for name, value in visit.headers(response.headers):
            response.headers.add(name, value)


async def _refusal(gate: Gate, visit: Visit, request: web.Request) -> Answer | None:
    if not gate.refuses:
        return None
    asked = Asked(request.method, request.path, _pattern(request), request.remote or "-")
    return await asyncio.to_thread(visit.refused, asked) if gate.waits else visit.refused(asked)


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body or None, headers=dict(answer.headers))


def _pattern(request: web.Request) -> str | None:
    resource = request.match_info.route.resource
    return None if resource is None else resource.canonical


def _header_of(headers: Mapping[str, str]) -> HeaderOf:
    """Reads a header of a request; aiohttp's own names know no capitals."""
    return headers.get
