"""`/api/replay/…`: sessions listed, built, run, steered; and what is replayed, on an event stream of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from replay.operations import playing
from replay.operations.playing import Action
from web import replay_changes, replays
from web.api.asked import body_of
from web.api.events import answer_with, tips_of
from web.api.json import as_json
from web.asking import of_replays
from web.http.access import WHO
from web.http.problems import Problem
from web.live import Feed
from web.places import Places
from web.replay_shapes import Build, ReplayDone, Run, Seek, SetLoop, SetSpeed, Stop, Which
from web.shared import REDIS, SETTINGS
from web.tape import START, positions_of

#: What it takes to build, run and steer.
_SCOPE = "replay"
#: Who may follow all replays together.
_MOST_FOLLOWERS = 100
PLACES: web.AppKey[Places] = web.AppKey("replay_places", Places)
#: Feeds of sessions, while anybody follows.
FEEDS: web.AppKey[dict[str, Feed]] = web.AppKey("replay_feeds", dict)


def add_addresses(app: web.Application) -> None:
    """All calls on replays."""
    app[FEEDS] = {}
    app[PLACES] = Places(_MOST_FOLLOWERS)
    app.on_shutdown.append(_end_followers)
    add = app.router
    add.add_get("/api/replay/sessions", sessions)
    add.add_post("/api/replay/sessions", build)
    add.add_get("/api/replay/sessions/{session_id}", session)
    add.add_post("/api/replay/run", run)
    add.add_post("/api/replay/stop", stop)
    add.add_get("/api/replay/status", status)
    add.add_post("/api/replay/seek", seek)
    add.add_post("/api/replay/speed", set_speed)
    add.add_post("/api/replay/loop", set_loop)
    for action in ("pause", "resume", "step"):
        add.add_post(f"/api/replay/{action}", steering(action))
    add.add_get("/api/replay/events", follow, allow_head=False)


async def sessions(request: web.Request) -> web.Response:
    """All sessions, newest first, those that are being built among them."""
    return as_json(await replays.manifests(request.app))


async def session(request: web.Request) -> web.Response:
    """One session."""
    return as_json(await replays.manifest(request.app, request.match_info["session_id"]))


async def build(request: web.Request) -> web.Response:
    """Build a session: 201 with its manifest if that is soon done, else 202 with what is known of it."""
    found = await replay_changes.build(request, await body_of(request, Build, scope=_SCOPE))
    response = as_json(found)
    response.set_status(201 if found.state == "ready" else 202)
    response.headers["Location"] = f"/api/replay/sessions/{found.session_id}"
    return response


async def run(request: web.Request) -> web.Response:
    """Run a session: 200 once it runs, 202 while it waits."""
    done = await replay_changes.run(request, await body_of(request, Run, scope=_SCOPE))
    response = as_json(ReplayDone(True, done.message))
    response.set_status(200 if done.success else 202)
    return response


async def stop(request: web.Request) -> web.Response:
    """Stop a replay, or all."""
    asked = await body_of(request, Stop, scope=_SCOPE)
    return as_json(await replay_changes.stop(request, asked.session_id))


async def status(request: web.Request) -> web.Response:
    """How the replay stands that runs, or the one of `session`."""
    return as_json(await replays.status(request.app, request.query.get("session")))


async def seek(request: web.Request) -> web.Response:
    """Go on from an event."""
    asked = await body_of(request, Seek, scope=_SCOPE)
    return as_json(await replay_changes.steer(request, asked.session_id, replay_changes.seek(asked.index)))


async def set_speed(request: web.Request) -> web.Response:
    """Go on at another speed."""
    asked = await body_of(request, SetSpeed, scope=_SCOPE)
    return as_json(
        await replay_changes.steer(request, asked.session_id, replay_changes.set_speed(asked.speed_factor))
    )


async def set_loop(request: web.Request) -> web.Response:
    """Begin anew at the end, or end there."""
    asked = await body_of(request, SetLoop, scope=_SCOPE)
    return as_json(await replay_changes.steer(request, asked.session_id, replay_changes.set_loop(asked.loop)))


def steering(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Pause, resume or step."""

    async def handler(request: web.Request) -> web.Response:
        asked = await body_of(request, Which, scope=_SCOPE)
        return as_json(
            await replay_changes.steer(
                request,
                asked.session_id,
                replay_changes.act(action),
            )
        )

    return handler


async def follow(request: web.Request) -> web.StreamResponse:
    """What is replayed of a session, as server-sent events: nothing of it is live. From its beginning, or `after`."""
    if REDIS not in request.app:
        raise Problem(503, "REDIS_URL is not set: there is no stream to follow.")
    key = await of_replays(playing.stream_of, request.app[SETTINGS].common, request.query.get("session", ""))
    positions = positions_of(
        request.headers.get("Last-Event-ID") or request.query.get("after", "") or START, 1
    )
    if positions is None:
        raise Problem(400, "Last-Event-ID: the id of an event of this stream, such as 1642376400000-0")
    with request.app[PLACES].one(request[WHO]):
        return await _follow(request, key, positions)


async def _follow(request: web.Request, key: str, positions: tuple[str, ...]) -> web.StreamResponse:
    feeds = request.app[FEEDS]
    feed = feeds.setdefault(key, Feed(request.app[REDIS], [key]))
    try:
        await tips_of(feed)  # an error can be told before the answer begins, not in it
        return await answer_with(request, feed, positions)
    finally:
        if not feed.followers and feeds.get(key) is feed:
            del feeds[key]


async def _end_followers(app: web.Application) -> None:
    for feed in list(app[FEEDS].values()):
        await feed.close()
