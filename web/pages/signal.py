"""One signal: what happened to it and when, what it rests on, and every event behind that."""

from __future__ import annotations

from aiohttp import web

from web import replay_forms
from web import signals as finding
from web.rendering import page
from web.shared import READING


async def show(request: web.Request) -> web.Response:
    """The signal's page; 404 for one that nothing is stored of."""
    signal_id = request.match_info["signal_id"]
    found = await finding.whole(request.app[READING], signal_id)
    around = replay_forms.around(found.signal) if found.signal else None
    return page(
        request, "signal.html", f"Signal {signal_id}", signal_id=signal_id, found=found, replay_from=around
    )
