"""`/api/replay/sessions/ID/diff`: the same comparison as the page's, for programs."""

from __future__ import annotations

from aiohttp import web

from web.api.json import as_json
from web.diffs import diff_asked_for


def add_addresses(app: web.Application) -> None:
    """The call."""
    app.router.add_get("/api/replay/sessions/{session_id}/diff", show)


async def show(request: web.Request) -> web.Response:
    """A replay beside its recording."""
    return as_json(await diff_asked_for(request))
