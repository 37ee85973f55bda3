"""The jobs of sessions: build one, run one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from replay.jobs.kinds import Json, Progress
from replay.operations.playing import run_session
from replay.operations.sessions import build_session
from replay.sessions.sources import Span
from signaltape.replay import Controls, Mode
from signaltape.settings import Settings

log = logging.getLogger("replay")


class Asked(msgspec.Struct, frozen=True):
    """The session that is to be built, as it was asked for; it is known by it until it is there."""

    session_id: str
    created_at: datetime
    created_by: str
    since: datetime
    until: datetime
    symbols: list[str] = []
    types: list[str] = []
    source: str | None = None
    notes: str = ""
    speed: float = 1.0
    max_events: int | None = None


class Playing(msgspec.Struct, frozen=True):
    """How a session is to be played. speed: None is the manifest's."""

    session_id: str
    speed: float | None = None
    as_fast: bool = False
    loop: bool = False
    step: bool = False
    mode: Mode = Mode.ALL


def build(settings: Settings, arguments: Json, progress: Progress, stop: threading.Event) -> Json:
    """Build a session; its manifest."""
    asked = msgspec.convert(arguments, Asked)
    progress("looking where most of it is", 0)
    built = build_session(
        settings,
        Span(asked.since, asked.until, frozenset(asked.symbols), frozenset(asked.types)),
        asked.created_at,
        source=asked.source,
        notes=asked.notes,
        speed=asked.speed,
        max_events=asked.max_events,
        session_id=asked.session_id,
        created_by=asked.created_by,
        progress=progress,
        stop=stop,
    )
    log.info("built session %s: %d events", asked.session_id, built.manifest.total_events)
    manifest: Json = msgspec.to_builtins(built.manifest)
    return manifest


def run(settings: Settings, arguments: Json, _progress: Progress, stop: threading.Event) -> Json:
    """Play a session into its stream; where it stood at its end. How far it is stands in the session's own status."""
    playing = msgspec.convert(arguments, Playing)
    controls = Controls(step=playing.step)
    with _stopping(controls, stop):
        done = run_session(
            settings,
            playing.session_id,
            speed=playing.speed,
            as_fast=playing.as_fast,
            loop=playing.loop,
            mode=playing.mode,
            controls=controls,
            begun=lambda key: log.info("replaying %s into %s", playing.session_id, key),
        )
    said = (
        "stopped the replay of %s after %d of %d events" if done.stopped else "replayed %s: %d of %d events"
    )
    log.info(said, playing.session_id, done.status.current_event_index, done.status.total_events)
    return {"stopped": done.stopped, "status": msgspec.to_builtins(done.status)}


@contextmanager
def _stopping(controls: Controls, stop: threading.Event) -> Iterator[None]:
    """Stop the replay once the event is set."""
    ended = threading.Event()

    def wait() -> None:
        stop.wait()
        if not ended.is_set():
            controls.stop()

    threading.Thread(target=wait, name="stop", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
