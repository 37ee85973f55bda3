"""Logging in with an API key, and out."""

from __future__ import annotations

from aiohttp import web

from web import audit
from web.http import cookies
from web.http.access import WHO
from web.http.request_ids import REQUEST_ID
from web.keys import ApiKey
from web.rendering import page
from web.shared import ACCESS, WRITING


async def show(request: web.Request) -> web.Response:
    """The form."""
    return page(request, "login.html", "Log in", wrong=False)


async def log_in(request: web.Request) -> web.StreamResponse:
    """Take a key, give a cookie."""
    form = await request.post()
    given = str(form.get("key", "")).strip()
    key = await request.app[ACCESS].key_of(given)
    if key is None:
        return page(request, "login.html", "Log in", status=401, wrong=True)
    await _note(request, key, "login")
    response = web.Response(status=303, headers={"Location": "/"})
    cookies.put(response, cookies.signed(key), secure=request.secure)
    return response


async def log_out(request: web.Request) -> web.StreamResponse:
    """Forget the login in this browser."""
    key = request[WHO].key
    if key is not None:
        await _note(request, key, "logout")
    response = web.Response(status=303, headers={"Location": "/login"})
    cookies.remove(response)
    return response


async def _note(request: web.Request, key: ApiKey, what: str) -> None:
    async with request.app[WRITING].write() as session:
        await audit.note(session, key, what, request[REQUEST_ID])
