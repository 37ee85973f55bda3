"""One signal: what happened to it and when, what it rests on, and every event behind that."""

from __future__ import annotations

from aiohttp import web

from web import signals as finding
from web.http.problems import Problem
from web.rendering import page
from web.shared import READING


async def show(request: web.Request) -> web.Response:
    """The signal's page; 404 for one that nothing is stored of."""
    signal_id = request.match_info["signal_id"]
    if not finding.is_id(signal_id):
        raise Problem(404, finding.NO_ID)
    async with request.app[READING].read() as session:
        found = await finding.whole(session, signal_id)
    if found is None:
        raise Problem(404, finding.NOT_STORED)
    return page(request, "signal.html", f"Signal {signal_id}", signal_id=signal_id, found=found)
