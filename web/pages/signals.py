"""Signals that are looked for: one box for any id or word, filters, pages by key."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from sink.pool import Session
from web import signals as finding
from web.identifying import page_of_id
from web.rendering import page
from web.searching import target_of
from web.shared import READING, SETTINGS


async def show(request: web.Request) -> web.Response:
    """A page of signals; what was typed into the box leads to its own address."""
    text = request.query.get("q", "").strip()
    filters = finding.filters_of(request.query)
    after = finding.place_of(request.query.get("after", ""))
    async with request.app[READING].read() as session:
        found = await _target(request, session, text) if text and finding.is_text(text) else None
        if found is not None:
            raise web.HTTPSeeOther(found)
        total = await finding.count_of(session, filters)
        some = await finding.page_of(session, filters, after, finding.limit_of(request.query))
    return page(
        request,
        "signals.html",
        "Signals",
        filters=filters,
        asked=text,
        total=total,
        rows=some.rows,
        following=_following(request, some.after),
        bins=finding.BINS,
        outcomes=finding.OUTCOMES,
    )


async def _target(request: web.Request, session: Session, text: str) -> str | None:
    """Where what was typed in leads to: what has it as its id, else signals by words."""
    return await page_of_id(session, request.app[SETTINGS].common, text) or await target_of(session, text)


def _following(request: web.Request, after: str | None) -> str | None:
    given = {name: value for name, value in request.query.items() if name not in ("after", "q") and value}
    return f"/signals?{urlencode({**given, 'after': after})}" if after else None
