"""What is changed on sessions and replays over HTTP: who asks is checked, it is noted, and done by other processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

from aiohttp import web

from replay.operations import asking, jobs, playing, sessions
from replay.operations.asking import Playing
from replay.operations.playing import Action
from replay.operations.sessions import Preview, span_of
from signaltape.clock import show, utc_now
from signaltape.replay import PlayerStatus
from signaltape.settings import Settings
from web import audit, replays
from web.asking import asked, of_replays
from web.http.access import WHO
from web.http.problems import Problem
from web.replay_shapes import Build, ReplayDone, ReplayManifest, ReplayStatus, Run
from web.shared import SETTINGS
from web.writing import writer_of

T = TypeVar("T")
#: Whoever asks for something waits so long for it to be done.
_SOON_S = 5.0
#: What was asked of a running replay shows within this time.
_SETTLES_WITHIN_S = 1.0
_LOOK_EVERY_S = 0.1
_MOST_NOTED = 200
#: How a job failed, by the name of its error.
_STATUS_OF = {
    "InvalidRequest": 400,
    "NotFound": 404,
    "NoSession": 404,
    "NotAllowedNow": 409,
    "SessionBusy": 409,
}


async def build(request: web.Request, asked: Build) -> ReplayManifest:
    """Ask for a session; what it is some seconds later at most. Raises Problem if it failed by then."""
    dates, by = asked.source_date_range, audit.name_of(request[WHO].key)
    span = span_of(dates.since, dates.until, asked.symbols, asked.event_types)
    wanted = await _change(
        request,
        f"build a session of {show(span.since)} to {show(span.until)}",
        lambda settings: asking.ask_for_build(
            settings,
            span,
            utc_now(),
            by,
            source=asked.source,
            notes=asked.notes,
            speed=asked.speed_factor,
            max_events=asked.max_events,
        ),
    )
    settings = request.app[SETTINGS].common
    if await replays.is_served(request.app):
        job = await _until(
            lambda: jobs.job(settings, "build", wanted.session_id), lambda one: not _is_under_way(one)
        )
        _refuse_failed(job)
    return await replays.manifest(request.app, wanted.session_id)


async def run(request: web.Request, asked: Run) -> ReplayDone:
    """Ask for a replay; whether it has begun, some seconds later at most. Raises Problem if it failed by then."""
    session = asked.session_id
    wanted = Playing(session, asked.speed_factor, asked.max, asked.loop, asked.step, asked.mode)
    await _change(request, f"run {session}", lambda settings: asking.ask_for_run(settings, wanted))
    if not await replays.is_served(request.app):
        return ReplayDone(False, f"{session} waits, and nobody works the queue: start python -m replay serve")
    settings = request.app[SETTINGS].common
    is_running, job = await _until(
        lambda: (playing.standing(settings, session).running, asking.run_job(settings, session)),
        lambda found: found[0] or not _is_under_way(found[1]),
    )
    _refuse_failed(job)
    if is_running:
        return ReplayDone(True, f"{session} is being replayed")
    if _is_under_way(job):
        return ReplayDone(False, waits_for(session, await replays.all_running(request.app)))
    return ReplayDone(True, f"{session} was replayed")


async def stop(request: web.Request, session: str | None) -> ReplayDone:
    """Stop the replay of a session, or all. Raises SessionBusy where none runs."""
    names = [session] if session else [str(one.session_id) for one in await replays.all_running(request.app)]
    if not names:
        raise Problem(409, "Nothing is being replayed.")
    said = [await _change(request, f"stop {name}", partial(_stop, name)) for name in names]
    for name in names:
        await _settled(request.app, name, lambda now: not now.running)
    return ReplayDone(True, "; ".join(said))


class Steering(NamedTuple):
    """What is asked of a running replay, in words; how; and whether a status shows that it was done."""

    what: str
    ask: Callable[[Settings, str], object]
    shows: Callable[[PlayerStatus], bool]


def act(action: Action) -> Steering:
    """Pause, resume, step."""
    return Steering(
        action,
        lambda settings, session: playing.steer(settings, session, action),
        lambda now: now.paused != (action == "resume"),
    )


def seek(index: int) -> Steering:
    """Go on from an event."""
    return Steering(
        f"going on from {index}",
        lambda settings, session: playing.seek(settings, session, index),
        lambda now: now.current_event_index >= index,
    )


def set_speed(speed: float | None) -> Steering:
    """Go on at another speed; None is as fast as possible."""
    return Steering(
        "as fast as possible" if speed is None else f"speed {speed:g}",
        lambda settings, session: playing.set_speed(settings, session, speed),
        lambda now: now.speed_factor == speed,
    )


def set_loop(loop: bool) -> Steering:
    """Begin anew at the end, or end there."""
    return Steering(
        "begins anew at its end" if loop else "ends at its end",
        lambda settings, session: playing.set_loop(settings, session, loop),
        lambda now: now.loop == loop,
    )


async def steer(request: web.Request, session: str, steering: Steering) -> ReplayDone:
    """Ask something of a running replay; it shows, if that is soon. Raises SessionBusy if none runs."""
    await _change(request, f"{session}: {steering.what}", lambda settings: steering.ask(settings, session))
    await _settled(request.app, session, lambda now: not now.running or steering.shows(now))
    return ReplayDone(True, f"{session}: {steering.what}")


def _stop(session: str, settings: Settings) -> str:
    return asking.stop_run(settings, session)


def waits_for(session: str, running: list[ReplayStatus]) -> str:
    """What to say of a replay that has no place: paused ones and loops hold theirs as long as nobody stops them."""
    if not running:
        return f"{session} waits for a free place"
    names = ", ".join(f"{one.session_id}{_holds(one)}" for one in running)
    return f"{session} waits for a free place: one of those that run must end or be stopped ({names})"


def _holds(one: ReplayStatus) -> str:
    return " paused" if one.paused else " looping" if one.loop else ""


async def _change(request: web.Request, what: str, act: Callable[[Settings], T]) -> T:
    """Do something for who may replay. It is noted as asked for, before it is done. Raises Problem, OperationError."""
    async with writer_of(request, "replay").noting(f"replay: {_plain(what)}"):
        return await of_replays(act, request.app[SETTINGS].common)


async def _settled(app: web.Application, session: str, shows: Callable[[PlayerStatus], bool]) -> None:
    settings = app[SETTINGS].common
    await _until(lambda: playing.standing(settings, session), shows, _SETTLES_WITHIN_S)


async def _until(look: Callable[[], T], enough: Callable[[T], bool], within_s: float = _SOON_S) -> T:
    """What is seen once it is enough, or when the time is over."""
    until = time.monotonic() + within_s
    found = await of_replays(look)
    while not enough(found) and time.monotonic() < until:
        await asyncio.sleep(_LOOK_EVERY_S)
        found = await of_replays(look)
    return found


def _plain(text: str) -> str:
    """What is asked for as a line that Postgres can hold: a name may be anything until it is looked for."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)[:_MOST_NOTED]


def _is_under_way(job: jobs.JobState | None) -> bool:
    return job is not None and job.under_way


def _refuse_failed(job: jobs.JobState | None) -> None:
    if job is not None and job.state is jobs.State.FAILED:
        raise Problem(_STATUS_OF.get(job.error, 503), job.said)


async def count(app: web.Application, wanted: Build) -> Preview:
    """How many events a session would hold."""
    dates = wanted.source_date_range
    span = span_of(dates.since, dates.until, wanted.symbols, wanted.event_types)
    return await asked(sessions.preview_session, app[SETTINGS].common, span)
