"""The API's page: the same description as `/api/openapi.json`, readable."""

from __future__ import annotations

from aiohttp import web

from web.api.openapi import described
from web.describing import calls_of, shapes_of
from web.rendering import page


def add_addresses(app: web.Application) -> None:
    """Its address."""
    app.router.add_get("/api", show)


async def show(request: web.Request) -> web.Response:
    """The page."""
    document = described()
    return page(
        request,
        "reference.html",
        "API",
        version=document["info"]["version"],
        calls=calls_of(document),
        shapes=shapes_of(document),
    )
