"""Replays beside their recordings, for page and program: one is computed at a time, the others wait."""

from __future__ import annotations

import asyncio
import math

from aiohttp import web

from replay.operations.diff import SessionDiff, diff_session
from signaltape.errors import InvalidRequest
from signaltape.replay import SessionError
from signaltape.stream import is_session_id
from web.asking import asked
from web.http.answering import REDIS_AWAY
from web.http.problems import Problem
from web.shared import SETTINGS

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
    async with request.app[TURNS]:
        try:
            return await asked(diff_session, settings, session, within_s=within_s)
        except SessionError as error:
            raise Problem(404, str(error)) from None


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
