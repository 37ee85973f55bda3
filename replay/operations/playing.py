"""Playing a session into a stream of its own, and steering a replay that another process runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, NamedTuple

from replay.archive.layout import sessions_folder
from replay.archive.outlet import StreamOutlet, replay_key
from replay.operations.sessions import refuse_odd_speed
from replay.plain_errors import plain_errors
from replay.sessions.sessions import HIDDEN, read_manifest, session_folder
from replay.sessions.steering import Steering, ask, is_running, read_status
from signaltape.errors import InvalidRequest
from signaltape.redis_client import open_redis
from signaltape.replay import Controls, Mode, Player, SessionError
from signaltape.replay.player import PlayerStatus
from signaltape.settings import Settings

#: What a running replay can be asked for, besides `seek`.
Action = Literal["stop", "pause", "resume", "step"]


class Played(NamedTuple):
    """How a replay ended.

    stopped: whether before its end; spaced: whether at a speed, so that it may have been late; bad: what was no line
    of the session, in words.
    """

    status: PlayerStatus
    stopped: bool
    spaced: bool
    bad: str


@plain_errors()
def run_session(
    settings: Settings,
    session: str,
    *,
    speed: float | None = None,
    as_fast: bool = False,
    loop: bool = False,
    mode: Mode = Mode.ALL,
    controls: Controls | None = None,
    begun: Callable[[str], None] = lambda _key: None,
) -> Played:
    """Replay a session into the stream `signaltape:replay:SESSION`; returns at its end, or when it is stopped.

    speed: how many times as fast as it was, without it the manifest's; as_fast: as fast as possible instead.
    loop: begin anew at the end. controls: pauses, steps and stops it; `steer` does from another process.
    begun: called with the stream's key. Raises SessionError if it is being replayed already.
    """
    if as_fast and speed is not None:
        raise InvalidRequest("--max and --speed exclude each other")
    if speed is not None:
        refuse_odd_speed(speed)
    controls = controls or Controls()
    folder = session_folder(settings.data, session)
    factor = None if as_fast else speed or _usable_speed(folder)
    with (
        closing(Steering(folder, controls)) as steering,  # first: only one replay may empty the stream
        open_redis(settings) as client,
    ):
        key = replay_key(settings.stream, session)
        outlet = StreamOutlet(client, key, session)

        def look(player: Player) -> None:
            outlet.at_once = player.speed is not None
            if controls.paused or outlet.at_once:  # whoever steps waits for each event
                outlet.flush()
            steering(player)

        player = Player(folder, speed=factor, loop=loop, mode=mode, controls=controls, look=look)
        begun(key)
        try:
            status = player.run(outlet.send)
        finally:
            outlet.flush()
    bad = player.bad.said() if player.bad.count else ""
    return Played(status, controls.is_stopped(), player.speed is not None, bad)


@plain_errors()
def steer(settings: Settings, session: str, action: Action) -> None:
    """Ask the running replay of a session to stop, pause, resume or step. Raises SessionError if none runs."""
    ask(session_folder(settings.data, session), action)


@plain_errors()
def seek(settings: Settings, session: str, index: int) -> None:
    """Let the running replay of a session go on from an event's number. Raises SessionError if none runs."""
    ask(session_folder(settings.data, session), "seek", index)


@plain_errors()
def set_speed(settings: Settings, session: str, speed: float | None) -> None:
    """Let the running replay of a session go on at another speed; None: as fast as possible. Raises SessionError."""
    if speed is not None:
        refuse_odd_speed(speed)
    ask(session_folder(settings.data, session), "speed", speed=speed)


@plain_errors()
def set_loop(settings: Settings, session: str, loop: bool) -> None:
    """Let the running replay of a session begin anew at its end, or end there. Raises SessionError if none runs."""
    ask(session_folder(settings.data, session), "loop", loop=loop)


@plain_errors()
def session_status(settings: Settings, session: str) -> PlayerStatus:
    """Where the replay of a session stands. Raises SessionError if it was not replayed yet."""
    folder = session_folder(settings.data, session)
    read_manifest(folder)
    found = read_status(folder)
    if found is None:
        raise SessionError(f"session {session} was not replayed yet")
    found.running = found.running and is_running(folder)
    return found


@plain_errors()
def standing(settings: Settings, session: str) -> PlayerStatus:
    """Where a session stands: as `session_status`, at its beginning if it was not replayed yet."""
    return _standing(session_folder(settings.data, session))


@plain_errors()
def running_sessions(settings: Settings) -> list[PlayerStatus]:
    """The sessions that are being replayed on this machine now, by whomever, the first that began first."""
    folder = sessions_folder(settings.data)
    there = folder.iterdir() if folder.is_dir() else ()
    found = []
    for one in there:
        if not one.name.startswith(HIDDEN) and is_running(one):
            with suppress(SessionError):  # it was deleted meanwhile, or cannot be read: others can
                found.append(_standing(one))
    return sorted(found, key=lambda one: (one.started_at is None, one.started_at, one.session_id))


@plain_errors()
def stream_of(settings: Settings, session: str) -> str:
    """The key of the stream that a session is played into. Raises NoSession."""
    read_manifest(session_folder(settings.data, session))
    return replay_key(settings.stream, session)


def _standing(folder: Path) -> PlayerStatus:
    """Of a replay that has just begun, the status is still that of the one before."""
    running, status = is_running(folder), read_status(folder)
    if status is not None and (status.running or not running):
        status.running = running
        return status
    manifest = read_manifest(folder)
    return PlayerStatus(
        session_id=manifest.session_id,
        running=running,
        paused=False,
        current_event_index=0,
        total_events=manifest.total_events,
        started_at=None,
        last_event_timestamp=None,
        speed_factor=manifest.speed_factor,
    )


def _usable_speed(folder: Path) -> float:
    """The manifest's speed. Raises SessionError if it was edited into none."""
    manifest = read_manifest(folder)
    if not (manifest.speed_factor > 0 and math.isfinite(manifest.speed_factor)):
        raise SessionError(
            f"speedFactor of session {manifest.session_id} must be above 0, got {manifest.speed_factor}: give --speed"
        )
    return manifest.speed_factor
