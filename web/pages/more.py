"""More: the pages that a phone's bottom bar has no room for, and the keys."""

from __future__ import annotations

from aiohttp import web

from web.rendering import page


def add_addresses(app: web.Application) -> None:
    """Its address."""
    app.router.add_get("/more", show)


async def show(request: web.Request) -> web.Response:
    """The page."""
    return page(request, "more.html", "More")
