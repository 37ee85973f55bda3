"""`/api/replay/sessions/ID/diff`: the same comparison as the page's, for programs."""

from __future__ import annotations

from aiohttp import web

from web.api.json import as_json
from web.diffs import DiffUnderWay, diff_asked_for


def add_addresses(app: web.Application) -> None:
    """The call."""
    app.router.add_get("/api/replay/sessions/{session_id}/diff", show)


async def show(request: web.Request) -> web.Response:
    """A replay beside its recording: 200, or 202 if that takes more than some seconds: ask again."""
    found = await diff_asked_for(request)
    response = as_json(found)
    if isinstance(found, DiffUnderWay):
        response.set_status(202)
        response.headers["Retry-After"] = "1"
    return response
