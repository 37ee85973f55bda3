"""Health: stations, partitions, journals, versions; and the two questions that a host asks."""

from __future__ import annotations

from aiohttp import web

from sink.pool import dicts
from web.health import LOOKING, SQL
from web.rendering import page
from web.shared import READING

#: While somebody looks, the page is asked for again so often: it counts a day's events each time.
_FRESH_S = 15


async def show(request: web.Request) -> web.Response:
    """The page."""
    health = await request.app[LOOKING].health()
    return page(request, "health.html", "Health", fresh_s=_FRESH_S, health=health)


async def alive(request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


async def ready(request: web.Request) -> web.Response:
    """Postgres answers; while it does not, no page can be shown whole (503)."""
    async with request.app[READING].read() as session:
        await dicts(session, SQL["stored"])
    return web.Response(text="ready\n")
