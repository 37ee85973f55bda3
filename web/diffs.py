"""Replays beside their recordings, for page and program: one is computed at a time, the others wait for a while."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from replay.operations.diff import SessionDiff, diff_session
from signaltape.errors import InvalidRequest
from signaltape.replay import SessionError
from signaltape.stream import is_session_id
from web.askers import is_gone
from web.asking import asked
from web.http.answering import REDIS_AWAY
from web.http.problems import Problem
from web.shared import SETTINGS

#: A turn is waited for so long.
_TURN_S = 10.0
_LATER = {"Retry-After": "10"}
#: Both sides are in memory meanwhile.
TURNS: web.AppKey[asyncio.Semaphore] = web.AppKey("diff_turns", asyncio.Semaphore)


async def diff_asked_for(request: web.Request) -> SessionDiff:
    """The comparison that an address names. Raises Problem for what cannot be one, NotFound without a replay."""
    session, settings = request.match_info["session_id"], request.app[SETTINGS].common
    if not is_session_id(session):
        raise Problem(404, "A session's id is made of letters, digits, '.', '_' and '-'.")
    if settings.redis_url is None:
        raise Problem(503, REDIS_AWAY)
    within_s = within_of(request)
    async with _turn(request):
        try:
            return await asked(diff_session, settings, session, within_s=within_s)
        except SessionError as error:
            raise Problem(404, str(error)) from None


@asynccontextmanager
async def _turn(request: web.Request) -> AsyncIterator[None]:
    """Raises Problem to who waited too long for it, or did not stay."""
    turns = request.app[TURNS]
    try:
        await asyncio.wait_for(turns.acquire(), _TURN_S)
    except TimeoutError:
        raise Problem(
            503, "Another replay is being compared. Try again in a moment.", headers=_LATER
        ) from None
    try:
        if is_gone(request):
            raise Problem(503, "Nobody waited for this any more. Ask again.", headers=_LATER)
        yield
    finally:
        turns.release()


def within_of(request: web.Request) -> float:
    """How far apart times may be, in seconds. Raises InvalidRequest."""
    text = request.query.get("within", "") or "0"
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if math.isnan(found):
        raise InvalidRequest("within: a number of seconds such as 0.5")
    return found
