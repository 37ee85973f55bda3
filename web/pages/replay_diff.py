"""`/replay/ID/diff`: what an engine emitted in a replay, beside what was recorded."""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal

import msgspec
from aiohttp import web

from outbox.wording import NOTHING, exact, number
from replay.operations.diff import SessionDiff
from signaltape.errors import NotFound
from web.diffs import TURNS, DiffUnderWay, diff_asked_for
from web.rendering import page

#: A page of more is none that is read.
_MOST_ROWS = 200
#: While it is under way the page asks again so often.
_AGAIN_S = 2
_write = msgspec.json.Encoder(decimal_format="number").encode


def add_addresses(app: web.Application) -> None:
    """The page."""
    app[TURNS] = asyncio.Semaphore(1)
    app.router.add_get("/replay/{session_id}/diff", show)


async def show(request: web.Request) -> web.Response:
    """Identical, or the first divergence by name; and what became of each signal."""
    session = request.match_info["session_id"]
    try:
        found: SessionDiff | DiffUnderWay | None = await diff_asked_for(request)
    except NotFound:  # the session is there, a replay is not
        found = None
    if isinstance(found, DiffUnderWay):
        return page(
            request,
            "replay_diff_under_way.html",
            "Replay compared",
            status=202,
            session_id=session,
            under_way=found,
            again_s=_AGAIN_S,
        )
    changes = found.changes[:_MOST_ROWS] if found else []
    return page(
        request,
        "replay_diff.html",
        "Replay compared",
        session_id=session,
        found=found,
        answer=found and found.said[:1].upper() + found.said[1:],
        rows=changes,
        hidden=found and len(found.changes) - len(changes),
        within=request.query.get("within", ""),
        value=value,
    )


def value(one: object) -> str:
    """A value of a field as it was sent."""
    if one is None:
        return NOTHING
    if isinstance(one, datetime):
        return exact(one)
    if isinstance(one, Decimal):
        return number(one)
    return one if isinstance(one, str) else _write(one).decode()
