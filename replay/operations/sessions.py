"""Sessions: build, list, show, delete, load."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from replay.archive.outlet import delete_streams, replay_key
from replay.moments import moment
from replay.plain_errors import plain_errors
from replay.sessions import reprocess
from replay.sessions import sessions as stored
from replay.sessions.build import build
from replay.sessions.choosing import SOURCES, chosen
from replay.sessions.preview import Preview, preview
from replay.sessions.reprocess import Reprocessed
from replay.sessions.sources import Span
from replay.sessions.steering import is_running
from signaltape.errors import InvalidRequest, SignaltapeError
from signaltape.replay import Manifest, SessionBusy
from signaltape.settings import Settings
from signaltape.stopping import until
from sink.db import connect, database_url

__all__ = [
    "Built",
    "Deleted",
    "Preview",
    "build_session",
    "delete_session",
    "list_sessions",
    "load_session",
    "preview_session",
    "refuse_odd_build",
    "refuse_odd_span",
    "refuse_odd_speed",
    "show_session",
    "span_of",
]


class Built(NamedTuple):
    """A session that was built; bad: what was no line of its source and was left out, in words."""

    manifest: Manifest
    bad: str


class Deleted(NamedTuple):
    """A session that was deleted; stays: why the stream that it was played into is still there, or nothing."""

    session: str
    stays: str


@plain_errors()
def build_session(
    settings: Settings,
    span: Span,
    now: datetime,
    *,
    source: str | None = None,
    notes: str = "",
    speed: float = 1.0,
    max_events: int | None = None,
    session_id: str | None = None,
    created_by: str | None = None,
    progress: Callable[[str, int], None] = lambda _what, _done: None,
    stop: threading.Event | None = None,
) -> Built:
    """Build a session of a span; it appears whole or not at all.

    source: one of SOURCES; without it, the one that holds most of the span. speed: how many times as fast as it was.
    session_id: as `new_session_id` made it; created_by: for the manifest, without it this process' user.
    progress: called with what is done and how far it is; stop: once set, it ends by Stopped.
    """
    refuse_odd_build(span, speed, source)
    with chosen(settings, source, span) as choice:
        manifest = build(
            settings.data,
            choice.source,
            span,
            now=now,
            notes=notes,
            speed_factor=speed,
            max_events=max_events,
            session_id=session_id,
            created_by=created_by,
            found=choice.found,
            missing=choice.missing,
            progress=until(stop, progress, "stopped: no session was built"),
        )
        return Built(manifest, choice.source.bad.said())


def span_of(since: str, until: str, symbols: Iterable[str] = (), types: Iterable[str] = ()) -> Span:
    """A span as a person says it: ISO times, WIB without a zone. Raises InvalidRequest."""
    return Span(_moment("from", since), _moment("to", until), frozenset(symbols), frozenset(types))


@plain_errors()
def preview_session(settings: Settings, span: Span) -> Preview:
    """How many events a session of a span would hold, as far as that is counted quickly."""
    refuse_odd_span(span)
    return preview(settings, span)


@plain_errors()
def list_sessions(settings: Settings) -> list[Manifest]:
    """The manifests of all sessions that can be read, oldest first."""
    return stored.list_sessions(settings.data)


@plain_errors()
def show_session(settings: Settings, session: str) -> Manifest:
    """The manifest of a session. Raises SessionError."""
    return stored.read_manifest(stored.session_folder(settings.data, session))


@plain_errors()
def delete_session(settings: Settings, session: str) -> Deleted:
    """Delete a session, and the stream that it was played into. Raises SessionError if it is being replayed."""
    folder = stored.session_folder(settings.data, session)
    if is_running(folder):
        raise SessionBusy(f"session {session} is being replayed; stop it first")
    stored.delete_session(folder)
    return Deleted(session, _stream_stays(settings, session))


@plain_errors()
def load_session(
    settings: Settings,
    session: str,
    *,
    progress: Callable[[int], None] = lambda _done: None,
    stop: threading.Event | None = None,
) -> Reprocessed:
    """Load a session into the database of DATABASE_URL, which must hold nothing live: the same dump every time.

    progress: called with how many events were read; stop: once set, it ends by Stopped. Raises LiveDatabase.
    """
    folder = stored.session_folder(settings.data, session)
    with connect(database_url(settings), name="signaltape-replay") as connection:
        return reprocess.load(connection, folder, until(stop, progress, "stopped: what was loaded stays"))


def refuse_odd_build(span: Span, speed: float, source: str | None) -> None:
    """Raise InvalidRequest for what no session can be built of."""
    refuse_odd_span(span)
    refuse_odd_speed(speed)
    if source is not None and source not in SOURCES:
        raise InvalidRequest(f"a source is one of {', '.join(SOURCES)}, got {source!r}")


def refuse_odd_span(span: Span) -> None:
    """Raise InvalidRequest for a span that ends before it begins."""
    if span.until <= span.since:
        raise InvalidRequest("a span must end later than it begins")


def refuse_odd_speed(speed: float) -> None:
    """Raise InvalidRequest for what is no speed."""
    if not (speed > 0 and math.isfinite(speed)):
        raise InvalidRequest(f"a speed is a number above 0 such as 10, got {speed!r}")


def _moment(name: str, text: str) -> datetime:
    try:
        return moment(text)
    except ValueError:
        raise InvalidRequest(
            f"{name}: a time looks like 2022-01-17T09:30 (WIB without a zone), got {text[:50]!r}"
        ) from None


def _stream_stays(settings: Settings, session: str) -> str:
    if settings.redis_url is None:
        return ""
    try:
        with plain_errors():
            delete_streams(settings.redis_url, settings.stream, [session])
    except SignaltapeError as error:
        return f"its stream {replay_key(settings.stream, session)} stays: {error}"
    return ""
