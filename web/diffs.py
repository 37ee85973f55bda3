"""Replays beside their recordings, for page and program: a job of `python -m replay serve`, where that runs.

Else they are compared in this process: one at a time, the others wait for a while, and only short ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from replay.operations.diff import SessionDiff, diff_session, refuse_odd_within, state_of
from signaltape.errors import InvalidRequest
from signaltape.replay import SessionError
from signaltape.stream import is_session_id
from web.askers import is_gone
from web.asking import asked, of_replays
from web.http.answering import REDIS_AWAY
from web.http.problems import Problem
from web.queued import Question, asked_for, is_served, redis_answers, result_of
from web.shared import SETTINGS

KIND = "diff"
#: Whoever asks waits so long for the answer itself; and so long for a turn in this process.
_SOON_S, _TURN_S = 5.0, 10.0
#: Events on either side at most, in this process.
_MOST_HERE = 10_000
_LATER = {"Retry-After": "10"}
#: Both sides are in memory meanwhile.
TURNS: web.AppKey[asyncio.Semaphore] = web.AppKey("diff_turns", asyncio.Semaphore)


class DiffUnderWay(msgspec.Struct, frozen=True):
    """It is not done yet: the same address tells it then. state: waiting or running; what, read: how far it is."""

    state: str
    what: str
    read: int


async def diff_asked_for(request: web.Request) -> SessionDiff | DiffUnderWay:
    """The comparison that an address names, or how far it is. Raises Problem for what cannot be one, NotFound without
    a replay.
    """
    session, app = request.match_info["session_id"], request.app
    if not is_session_id(session):
        raise Problem(404, "A session's id is made of letters, digits, '.', '_' and '-'.")
    within_s = within_of(request)
    if not await redis_answers(app):
        raise Problem(503, REDIS_AWAY)
    try:
        state = await of_replays(state_of, app[SETTINGS].common, session)
        if await is_served(app, KIND):
            return await _by_job(app, session, within_s, state)
        async with _turn(request):
            return await asked(
                diff_session, app[SETTINGS].common, session, within_s=within_s, most=_MOST_HERE
            )
    except SessionError as error:
        raise Problem(404, str(error)) from None


async def _by_job(
    app: web.Application, session: str, within_s: float, state: str
) -> SessionDiff | DiffUnderWay:
    question = Question(KIND, {"session_id": session, "within_s": within_s, "state": state})
    job = await asked_for(app, question, _SOON_S)
    result = await result_of(app, KIND, job)
    if result is None:
        return DiffUnderWay(job.state.value, job.what, job.done)
    return msgspec.json.decode(result["diff"], type=SessionDiff)


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
        raise InvalidRequest("within: a number of seconds such as 0.5") from None
    refuse_odd_within(found)
    return found
