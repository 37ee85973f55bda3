"""The API's pages: the same description as `/api/openapi.json`, readable: its calls, and its shapes."""

from __future__ import annotations

from aiohttp import web

from web.api.openapi import described
from web.describing import calls_of, shapes_of
from web.rendering import page


def add_addresses(app: web.Application) -> None:
    """Their addresses."""
    app.router.add_get("/api", show)
    app.router.add_get("/api/shapes", show_shapes)


async def show(request: web.Request) -> web.Response:
    """The calls."""
    document = described()
    return page(
        request,
        "reference.html",
        "API",
        version=document["info"]["version"],
        calls=calls_of(document),
    )


async def show_shapes(request: web.Request) -> web.Response:
    """What is sent and answered."""
    document = described()
    version = document["info"]["version"]
    return page(request, "shapes.html", "Shapes", version=version, shapes=shapes_of(document))
