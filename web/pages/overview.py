"""The overview: is the score working, what is happening, is anything broken."""

from __future__ import annotations

import asyncio
import logging
from typing import NamedTuple

import redis
from aiohttp import web

from reports.operations.shown import week_of
from signaltape.clock import utc_now
from signaltape.errors import OperationError
from signaltape.stream import stream_keys
from web.pipeline import strip, worst
from web.rendering import page
from web.scores import ScoreAsked, ShownScore
from web.shared import CARDS, REDIS, SETTINGS
from web.tape import Newest, newest

log = logging.getLogger("web")
_TAPE_LINES = 25
#: While somebody looks, the page is asked for again so often, by this header without the tape: that goes on by itself.
_FRESH_S, _WITHOUT = 5, "X-Without"
_MOST_FILTER = 100


class Score(NamedTuple):
    """What is known of this week; found is None where Postgres did not tell, why says so."""

    found: ShownScore | None
    age_s: float
    why: str


async def show(request: web.Request) -> web.Response:
    """The page. What is away is said in its place; the rest is shown."""
    week = week_of(utc_now())
    score = await _score(request.app)
    kept, wanted = (
        request.headers.get(_WITHOUT) == "tape",
        request.query.get("tape", "").strip()[:_MOST_FILTER],
    )
    steps, (tape, why_no_tape) = await asyncio.gather(
        strip(request.app), _no_tape() if kept else _tape(request.app, wanted)
    )
    found = score.found
    return page(
        request,
        "overview.html",
        "Overview",
        status=200 if found else 503,
        fresh_s=_FRESH_S,
        week=week,
        score=score,
        told=found and found.told,
        card=found and found.found.card,
        counts=found and found.counts,
        bins_svg=found and found.bins_svg,
        curve_svg=found and found.curve_svg,
        tape=tape,
        tape_is_kept=kept,
        tape_filter=wanted,
        why_no_tape=why_no_tape,
        steps=steps,
        state=worst(steps),
    )


async def _score(app: web.Application) -> Score:
    try:
        known = await app[CARDS].recent(ScoreAsked(week_of(utc_now())))
    except OperationError as error:
        log.warning("no scorecard: %s", error)
        return Score(None, 0.0, str(error))
    return Score(known.found, known.age_s, "")


async def _no_tape() -> tuple[None, str]:
    return None, ""


async def _tape(app: web.Application, wanted: str) -> tuple[Newest | None, str]:
    if REDIS not in app:
        return None, "REDIS_URL is not set: the tape shows what goes through the stream."
    common = app[SETTINGS].common
    try:
        keys = stream_keys(common.stream, common.partitions)
        return await newest(app[REDIS], keys, _TAPE_LINES, wanted), ""
    except (redis.RedisError, OSError) as error:
        log.warning("no tape: %s", type(error).__name__)
        return (
            None,
            "Redis is away: what happens now cannot be shown. Engines go on, their journals keep all.",
        )
