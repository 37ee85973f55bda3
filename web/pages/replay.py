"""Replay: sessions in a table, one in detail, the form that builds one, and what steers a replay."""

from __future__ import annotations

from typing import Any

import redis
from aiohttp import web

from replay.operations.playing import stream_of
from signaltape.errors import InvalidRequest, OperationError
from signaltape.replay import Mode
from web import replay_changes, replays
from web.asking import of_replays
from web.http.access import WHO
from web.rendering import page
from web.replay_changes import Steering
from web.replay_forms import Form, asked_by, form_of, index_of, number_of
from web.replay_shapes import Run
from web.shared import REDIS, SETTINGS
from web.tape import START, Line, line_of

_TAPE_LINES = 25


def add_addresses(app: web.Application) -> None:
    """The pages of replays."""
    add = app.router
    add.add_get("/replay", show)
    add.add_post("/replay/build", build)
    add.add_post("/replay/count", count)
    add.add_get("/replay/{session_id}", detail)
    add.add_post("/replay/{session_id}/run", run)
    add.add_post("/replay/{session_id}/steer", steer)


async def show(request: web.Request) -> web.Response:
    """All sessions, and the form; with `count`, how many events it would hold."""
    form = form_of(request.query)
    counted, wrong = await _counted(request, form)
    return page(
        request,
        "replay.html",
        "Replay",
        sessions=await replays.manifests(request.app),
        running={one.session_id: one for one in await replays.all_running(request.app)},
        served=await replays.is_served(request.app),
        may=_may(request),
        form=form.fields,
        counted=counted,
        wrong=wrong,
    )


async def build(request: web.Request) -> web.Response:
    """Build what the form asks for."""
    found = await replay_changes.build(request, asked_by(form_of(await request.post())))
    raise web.HTTPSeeOther(f"/replay/{found.session_id}")


async def count(request: web.Request) -> web.Response:
    """Lead to the form filled like this, with how many events it would hold."""
    raise web.HTTPSeeOther(f"{form_of(await request.post()).address}&count=1#build")


async def detail(request: web.Request) -> web.Response:
    """One session: what it holds, where its replay stands, what was replayed last."""
    name = request.match_info["session_id"]
    one = await replays.manifest(request.app, name)
    ready = one.state == "ready"
    lines, after = await _newest(request.app, name) if ready else ([], START)
    return page(
        request,
        "replay_session.html",
        f"Session {name}",
        one=one,
        standing=await replays.status(request.app, name) if ready else None,
        served=await replays.is_served(request.app),
        may=_may(request),
        modes=[*Mode],
        lines=lines,
        after=after,
        again=_again(one).address,
    )


async def run(request: web.Request) -> web.Response:
    """Run the session."""
    name, given = request.match_info["session_id"], await request.post()
    mode, speed = str(given.get("mode", "")), str(given.get("speed", "")).strip()
    if mode and mode not in [*Mode]:
        raise InvalidRequest("mode: one of " + ", ".join(Mode))
    as_fast = "max" in given
    await replay_changes.run(
        request,
        Run(
            session_id=name,
            speed_factor=number_of(speed) if speed and not as_fast else None,
            max=as_fast,
            loop="loop" in given,
            step="step" in given,
            mode=Mode(mode or Mode.ALL),
        ),
    )
    raise web.HTTPSeeOther(f"/replay/{name}")


async def steer(request: web.Request) -> web.Response:
    """Stop, pause, resume, step, seek, another speed, loop."""
    name, given = request.match_info["session_id"], await request.post()
    do = str(given.get("do", ""))
    if do == "stop":
        await replay_changes.stop(request, name)
    else:
        await replay_changes.steer(request, name, _steering(do, given))
    raise web.HTTPSeeOther(f"/replay/{name}")


def _steering(do: str, given: Any) -> Steering:
    value = str(given.get("value", "")).strip()
    match do:
        case "pause" | "resume" | "step":
            return replay_changes.act(do)
        case "seek":
            return replay_changes.seek(index_of(value))
        case "speed":
            return replay_changes.set_speed(number_of(value) if value else None)
        case "loop":
            return replay_changes.set_loop(value == "on")
    raise InvalidRequest("do: stop, pause, resume, step, seek, speed or loop")


async def _counted(request: web.Request, form: Form) -> tuple[Any, str]:
    """What a session would hold, if that was asked for; or what is wrong with the form."""
    if not request.query.get("count") or not form.is_filled:
        return None, ""
    try:
        return await replay_changes.count(request.app, asked_by(form)), ""
    except OperationError as error:
        return None, str(error)


async def _newest(app: web.Application, session: str) -> tuple[list[Line], str]:
    """What was replayed last, newest first, and where the session's stream goes on behind it."""
    if REDIS not in app:
        return [], START
    key = await of_replays(stream_of, app[SETTINGS].common, session)
    try:
        found = await app[REDIS].xrevrange(key, count=_TAPE_LINES)
    except (redis.RedisError, OSError):
        return [], START
    lines = [line_of(key, *entry) for entry in found]
    return lines, lines[0].id if lines else START


def _again(one: Any) -> Form:
    """The form as it would build this session again."""
    dates = one.source_date_range
    return form_of(
        {
            "from": dates.since.isoformat(),
            "to": dates.until.isoformat(),
            "symbols": ", ".join(one.symbols) if one.state != "ready" else "",
            "notes": one.notes,
        }
    )


def _may(request: web.Request) -> bool:
    return request[WHO].may("replay")
