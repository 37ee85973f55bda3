"""Every request gets an answer with an id, versions and safe headers, whatever goes wrong inside."""

from __future__ import annotations

import logging

import redis
from aiohttp import web
from aiohttp.typedefs import Handler

from signaltape.errors import InvalidRequest, NotAllowedNow, NotFound, OperationError
from signaltape.http.request_ids import HEADER, take_over
from sink.db import CONNECTION_ERRORS
from sink.pool import Busy, PoolTimeout, TooSlow
from web.http.limits import STANDING, headers_of
from web.http.problems import Problem, as_json, of_http_error, wants_json
from web.http.request_ids import REQUEST_ID
from web.http.security import harden, open_to_origin
from web.http.versions import Versions
from web.pages.error import as_page
from web.shared import VERSIONS

log = logging.getLogger("web")
#: Shorter than this, packing makes it no smaller in packets.
_WORTH_PACKING = 1000

POSTGRES_AWAY = "Postgres is away. What was shown last still holds; this page comes back by itself."
REDIS_AWAY = (
    "Redis is away: nothing live can be shown. What is stored still can; this page comes back by itself."
)
TOO_SLOW = "Postgres took too long for this. Ask for fewer: a shorter span, one symbol."
BUSY = "Many questions are being asked at once. Try again in a moment."
#: The first that fits: too slow is also an error of a connection.
_AWAY: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((TooSlow,), TOO_SLOW),
    ((Busy,), BUSY),
    ((PoolTimeout, *CONNECTION_ERRORS), POSTGRES_AWAY),
    ((redis.RedisError,), REDIS_AWAY),
)


@web.middleware
async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request; no traceback reaches the caller, and none is lost."""
    request_id = take_over(request.headers.get(HEADER))
    request[REQUEST_ID] = request_id
    try:
        response = await handler(request)
    except web.HTTPRedirection as redirection:
        response = web.Response(
            status=redirection.status, headers={"Location": redirection.headers["Location"]}
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told as a problem, and logged
        response = _said(request, _problem(error, request), request_id)
    if not response.prepared:
        finish(request, response)
    return response


async def dressed(request: web.Request, response: web.StreamResponse) -> None:
    """What aiohttp answers before it asks us, such as a strange `Expect`, carries the headers of every answer, too."""
    if HEADER not in response.headers:
        request.setdefault(REQUEST_ID, take_over(request.headers.get(HEADER)))
        finish(request, response)


def finish(request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on that every answer carries. A stream calls this before it begins."""
    response.headers[HEADER] = request[REQUEST_ID]
    versions: Versions = request.app[VERSIONS]
    response.headers.update(versions.headers)
    standing = request.get(STANDING)
    if standing is not None:
        response.headers.update(headers_of(standing))
    open_to_origin(request, response)
    harden(response)
    _compress(request, response)


def _compress(request: web.Request, response: web.StreamResponse) -> None:
    """Texts go out as gzip to who takes it; what is short, packed already or a stream goes as it is."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return
    packs = response.content_type.startswith("text/") or response.content_type.endswith("json")
    if packs and len(response.body) > _WORTH_PACKING and "Content-Encoding" not in response.headers:
        response.headers["Vary"] = ", ".join(filter(None, (response.headers.get("Vary"), "Accept-Encoding")))
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.enable_compression(web.ContentCoding.gzip)


def _problem(error: Exception, request: web.Request) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, web.HTTPException):
        return of_http_error(error)
    if isinstance(error, OperationError):
        return Problem(_status_of(error), str(error))
    said = next((words for kinds, words in _AWAY if isinstance(error, kinds)), None)
    if said is not None:
        log.warning("%s %s: %s", request.method, request.path, type(error).__name__)
        return Problem(503, said)
    log.exception("%s %s failed (request %s)", request.method, request.path, request[REQUEST_ID])
    return Problem(500, "Something went wrong here. It is in the log, under the request id below.")


def _status_of(error: OperationError) -> int:
    kinds = {InvalidRequest: 400, NotFound: 404, NotAllowedNow: 409}
    return next((status for kind, status in kinds.items() if isinstance(error, kind)), 503)


def _said(request: web.Request, problem: Problem, request_id: str) -> web.Response:
    if wants_json(request):
        return as_json(problem, request, request_id)
    return as_page(problem, request, request_id)
