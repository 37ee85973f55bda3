"""Signals that are looked for: one box for any id or word, filters, pages by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import web

from reports.operations.shown import DELAYS
from sink.pool import Session
from web import filters as filtering
from web import signals as finding
from web.asked import is_text
from web.identifying import page_of_id
from web.rendering import page
from web.searching import target_of
from web.shared import BINS, READING, SETTINGS


async def show(request: web.Request) -> web.Response:
    """A page of signals; what was typed into the box leads to its own address."""
    text = request.query.get("q", "").strip()
    bins = await request.app[BINS].names()
    filters = filtering.filters_of(request.query, bins)
    after, limit = finding.place_of(request.query.get("after", "")), finding.limit_of(request.query)
    whole = finding.all_of(request.query)
    async with request.app[READING].read() as session:
        target = await _target(request, session, text, bins) if text and is_text(text) else None
        if target is not None:
            raise web.HTTPSeeOther(target)
        some, total = await finding.found(session, filters, after, limit, whole=whole)
    return page(
        request,
        "signals.html",
        "Signals",
        filters=filters,
        asked=text,
        total=total,
        rows=some.rows,
        back_to=some.back_to,
        following=_again(request.query, after=str(some.after)) if some.after else None,
        through_all=_again(request.query, all="1"),
        bins=bins,
        outcomes=filtering.OUTCOMES,
        delays=DELAYS,
        votes=filtering.VOTES,
        sides=filtering.SIDES,
        hours=filtering.HOURS,
        weekdays=filtering.WEEKDAYS,
    )


async def _target(request: web.Request, session: Session, text: str, bins: Sequence[str]) -> str | None:
    """Where what was typed in leads to: what has it as its id, else signals by words."""
    common = request.app[SETTINGS].common
    return await page_of_id(session, common, text) or await target_of(session, text, bins)


def _again(query: Mapping[str, str], **changed: str) -> str:
    """The same question with something changed; from its beginning, unless that says where."""
    given = {name: value for name, value in query.items() if name not in ("after", "q") and value}
    return f"/signals?{urlencode({**given, **changed})}"
