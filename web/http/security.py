"""What a browser is told to refuse: foreign code, frames, guessing; and whose Host is answered."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from web.http.problems import Problem

_CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "Server": "signaltape",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: the page of another origin that may read the answer
ORIGIN = web.RequestKey("origin", str)
#: A proxy that is on this machine says by these that others ask.
_PASSED_ON = ("X-Forwarded-For", "Forwarded", "Via")


def harden(response: web.StreamResponse) -> None:
    """Put the headers on that a browser heeds. Nothing is cached unless an answer says so itself."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")


def is_loopback(host: str) -> bool:
    """Whether a name or address is this very machine's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """The name in a Host header, without its port; empty if it is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def only_own_hosts(needs_key: Callable[[], Awaitable[bool]]) -> Middleware:
    """Without keys only this machine's names are answered: a foreign page may point its own name at 127.0.0.1."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        passed_on = any(name in request.headers for name in _PASSED_ON)
        of_this = is_loopback(host_of(request.headers.get("Host", ""))) and not passed_on
        if not of_this and not await needs_key():
            raise Problem(
                421,
                "Without API keys only http://localhost and http://127.0.0.1 are answered, and no proxy is. "
                "Make a key: python -m web keys create NAME --scope read",
            )
        return await handler(request)

    return check


def cross_origin(origins: frozenset[str]) -> Middleware:
    """Let pages of these origins ask the API (CORS); without cookies, so a key is needed all the same."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin", "")
        if origin not in origins or not request.path.startswith("/api/"):
            return await handler(request)
        request[ORIGIN] = origin
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return await handler(request)
        response = web.Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-Request-Id"
        response.headers["Access-Control-Max-Age"] = "600"
        return response

    return check


def open_to_origin(request: web.Request, response: web.StreamResponse) -> None:
    """Let the page that asked read the answer, an error or a stream too, if `cross_origin` found that it may."""
    if ORIGIN in request:
        response.headers["Access-Control-Allow-Origin"] = request[ORIGIN]
        response.headers["Vary"] = "Origin"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
