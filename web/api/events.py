"""`/api/events`: the stream as server-sent events. Whoever comes back says what they saw last, and misses nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing

import redis
from aiohttp import web

from sink.db import DatabaseError
from sink.pool import PoolTimeout
from web.http.access import WHO
from web.http.answering import REDIS_AWAY, finish
from web.http.problems import Problem
from web.live import Feed
from web.places import Places
from web.shared import ACCESS, FEED, SETTINGS
from web.tape import positions_of

log = logging.getLogger("web")
#: Followers at most.
_MOST_FOLLOWERS = 300
PLACES: web.AppKey[Places] = web.AppKey("places", Places)
#: Who does not take what was written within this time is cut off; they come back where they stood.
_SLOW_S = 20.0
_COME_BACK_MS = 2000
#: So often it is looked whether who follows still may.
_ASK_AGAIN_S = 5.0


def add_addresses(app: web.Application) -> None:
    """The stream."""
    app[PLACES] = Places(_MOST_FOLLOWERS)
    app.router.add_get("/api/events", follow, allow_head=False)


async def follow(request: web.Request) -> web.StreamResponse:
    """Events from behind Last-Event-ID (or `after`) on, without it from now on; `kind=signals`: no records."""
    if FEED not in request.app:
        raise Problem(503, "REDIS_URL is not set: there is no stream to follow.")
    feed = request.app[FEED]
    positions = _positions(request)
    signals = _kind(request) == "signals"
    with request.app[PLACES].one(request[WHO]):
        # "from now on" is before the answer begins: who has seen that may rely on hearing what is added then
        tips = await tips_of(feed)
        return await answer_with(request, feed, tips if positions is None else positions, signals=signals)


async def answer_with(
    request: web.Request, feed: Feed, positions: tuple[str, ...], *, signals: bool = False
) -> web.StreamResponse:
    """Answer with what a feed says from behind these positions on."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    finish(request, response)
    await response.prepare(request)
    await _write(request, response, feed, positions, signals=signals)
    return response


async def _write(
    request: web.Request,
    response: web.StreamResponse,
    feed: Feed,
    positions: tuple[str, ...],
    *,
    signals: bool,
) -> None:
    asked = time.monotonic()
    try:
        await response.write(b"retry: %d\n\n" % _COME_BACK_MS)
        async with aclosing(feed.follow(positions, signals=signals)) as pieces:
            async for piece in pieces:
                if piece:
                    await asyncio.wait_for(response.write(piece), _SLOW_S)
                if time.monotonic() - asked >= _ASK_AGAIN_S:
                    asked = time.monotonic()
                    if not await _may_still(request):
                        break
    except (redis.RedisError, OSError, TimeoutError) as error:  # gone, too slow, or Redis is: they come back
        log.info("a follower is let go: %s", type(error).__name__)


async def tips_of(feed: Feed) -> tuple[str, ...]:
    """Where the stream ends now. An error can be told before the answer begins, not in it."""
    try:
        return await feed.tips()
    except (redis.RedisError, OSError):
        raise Problem(503, REDIS_AWAY, headers={"Retry-After": "5"}) from None


def _positions(request: web.Request) -> tuple[str, ...] | None:
    text = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    if not text:
        return None
    found = positions_of(text, request.app[SETTINGS].common.partitions)
    if found is None:
        raise Problem(400, "Last-Event-ID: the id of an event of this stream, such as 1642376400000-0")
    return found


def _kind(request: web.Request) -> str:
    kind = request.query.get("kind", "all")
    if kind not in ("all", "signals"):
        raise Problem(400, "kind: all or signals")
    return kind


async def _may_still(request: web.Request) -> bool:
    """Whether who began to follow would be answered now, too: their key may have been revoked."""
    try:
        return await request.app[ACCESS].who(request) is not None
    except Problem:
        return False
    except (DatabaseError, PoolTimeout):  # what was known still holds
        return True
