"""Who waits for what takes long: a request, counted as its key or address, gone once its connection is."""

from __future__ import annotations

from aiohttp import web

from web.cards import Asker
from web.http.access import WHO


def asker_of(request: web.Request) -> Asker:
    """Who asks by this request."""
    return Asker(request[WHO].counted_as, lambda: is_gone(request))


def is_gone(request: web.Request) -> bool:
    """Whether nobody is there any more to be answered."""
    return request.transport is None or request.transport.is_closing()
