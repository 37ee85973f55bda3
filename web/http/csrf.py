"""A form counts only if one of our own pages sent it."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from web.http.access import WHO
from web.http.problems import Problem

COOKIE = "signaltape_form"
FIELD = "csrf"
FORM_TOKEN = web.RequestKey("form_token", str)
#: there if what a browser sent was found to come from one of our own pages
OWN_FORM = web.RequestKey("own_form", bool)
_SAFE = ("GET", "HEAD", "OPTIONS")
_BYTES = 16


@web.middleware
async def own_forms_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every browser a token, and ask for it wherever something is changed by a cookie or by nothing."""
    known = request.cookies.get(COOKIE, "")
    token = known if len(known) == 2 * _BYTES and known.isalnum() else secrets.token_hex(_BYTES)
    request[FORM_TOKEN] = token
    who = request.get(WHO)
    if request.method not in _SAFE and (who is None or who.by_browser):
        await _check(request, known)
        request[OWN_FORM] = True
    response = await handler(request)
    if token != known and not response.prepared and not request.path.startswith(("/static/", "/api/")):
        response.set_cookie(COOKIE, token, httponly=True, samesite="Strict", secure=request.secure, path="/")
    return response


async def _check(request: web.Request, known: str) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and _netloc(origin) != request.headers.get("Host"):
        raise Problem(403, "This form was sent by another site.")
    if request.content_type == "application/json":
        return  # no form of another site can send that without asking first (CORS), and then it may not
    try:
        form = await request.post()
    except (UnicodeError, LookupError, ValueError):  # bytes or a charset that are none
        raise Problem(400, "The form could not be read.") from None
    given = str(form.get(FIELD, "")).encode("utf-8", "replace")
    if not known or not hmac.compare_digest(given, known.encode("utf-8", "replace")):
        raise Problem(403, "This form is too old, or cookies are off: load the page again and repeat it.")


def _netloc(origin: str) -> str | None:
    """Host and port of an origin; None if it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
