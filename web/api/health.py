"""`/api/health`: what the page of that name shows."""

from __future__ import annotations

from aiohttp import web

from web.api.json import as_json
from web.health import LOOKING


async def show(request: web.Request) -> web.Response:
    """Stations, partitions, journals, versions."""
    return as_json(await request.app[LOOKING].health())
