"""Sessions built and run by the process `replay serve`: asked for here, looked at until they are there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import msgspec

from replay.archive.atomic import alone_in
from replay.jobs.queues import JobState, State, impatient, opened
from replay.jobs.sessions import Asked, Playing
from replay.operations.sessions import refuse_odd_build, refuse_odd_speed
from replay.plain_errors import plain_errors
from replay.sessions.build import new_session_id
from replay.sessions.sessions import read_manifest, session_folder
from replay.sessions.sources import Span
from replay.sessions.steering import ask, is_running
from signaltape.errors import InvalidRequest
from signaltape.replay import SessionBusy
from signaltape.settings import Settings

__all__ = [
    "Asked",
    "Building",
    "Playing",
    "ask_for_build",
    "ask_for_run",
    "building",
    "buildings",
    "impatient",
    "run_job",
    "stop_run",
]

_BUILD, _RUN = "build", "run"
#: A replay that was taken out of the queue runs within this time.
_BEGINS_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.05


class Building(msgspec.Struct, frozen=True):
    """A session that is asked for, and where its job stands."""

    asked: Asked
    job: JobState


@plain_errors()
def ask_for_build(
    settings: Settings,
    span: Span,
    now: datetime,
    created_by: str,
    *,
    source: str | None = None,
    notes: str = "",
    speed: float = 1.0,
    max_events: int | None = None,
) -> Asked:
    """Ask for a session of a span; what is to be built, with the id that it will have."""
    refuse_odd_build(span, speed, source)
    asked = Asked(
        new_session_id(now),
        now,
        created_by,
        span.since,
        span.until,
        sorted(span.symbols),
        sorted(span.types),
        source,
        notes,
        speed,
        max_events,
    )
    with opened(settings, _BUILD) as jobs:
        jobs.put_in(asked.session_id, msgspec.to_builtins(asked))
    return asked


@plain_errors()
def building(settings: Settings, session: str) -> Building | None:
    """The build of a session, as far as it is known; None if none is."""
    session_folder(settings.data, session)
    with opened(settings, _BUILD) as jobs:
        state = jobs.state(session)
    return None if state is None else _building(state)


@plain_errors()
def buildings(settings: Settings) -> list[Building]:
    """All builds that did not end well (yet), newest first."""
    with opened(settings, _BUILD) as jobs:
        found = [_building(one) for one in jobs.all() if one.state is not State.DONE]
    return sorted(filter(None, found), key=lambda one: one.asked.created_at, reverse=True)


@plain_errors()
def ask_for_run(settings: Settings, playing: Playing) -> None:
    """Ask for a replay. Raises NoSession, SessionBusy if it runs, NotAllowedNow if it is about to."""
    folder = session_folder(settings.data, playing.session_id)
    read_manifest(folder)
    if playing.speed is not None:
        refuse_odd_speed(playing.speed)
        if playing.as_fast:
            raise InvalidRequest("as fast as possible, or at a speed: not both")
    with alone_in(folder), opened(settings, _RUN) as jobs:
        if is_running(folder):
            raise SessionBusy(f"session {playing.session_id} is being replayed already")
        jobs.put_in(playing.session_id, msgspec.to_builtins(playing))


@plain_errors()
def run_job(settings: Settings, session: str) -> JobState | None:
    """The job of a session's replay; None if none is known."""
    with opened(settings, _RUN) as jobs:
        return jobs.state(session)


@plain_errors()
def stop_run(settings: Settings, session: str) -> str:
    """Stop the replay of a session, or take it out of the queue; what was done. Raises SessionBusy if none runs."""
    folder = session_folder(settings.data, session)
    read_manifest(folder)
    if not is_running(folder) and _withdrawn(settings, session, folder_runs=lambda: is_running(folder)):
        return f"{session} was waiting, and will not be replayed"
    ask(folder, "stop")
    return f"{session} is stopping"


def _withdrawn(settings: Settings, session: str, folder_runs: Callable[[], bool]) -> bool:
    """Whether a replay that waited was taken out of the queue; one that is just beginning is waited for."""
    if settings.redis_url is None:
        return False
    with opened(settings, _RUN) as jobs:
        state = jobs.state(session)
        if state is not None and state.state is State.WAITING:
            jobs.withdraw(session)
            return True
        until = time.monotonic() + _BEGINS_WITHIN_S
        while state is not None and state.state is State.RUNNING and not folder_runs():
            if time.monotonic() > until:
                break
            time.sleep(_LOOK_EVERY_S)  # a lock of another process tells nobody that it was taken
            state = jobs.state(session)
    return False


def _building(state: JobState) -> Building | None:
    """None for one that another version was asked for, and that cannot be read."""
    try:
        return Building(msgspec.convert(state.arguments, Asked), state)
    except msgspec.ValidationError:
        return None
