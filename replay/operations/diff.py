"""A replay beside its recording: identical, or where they part first, and what became of each signal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from replay.comparing.comparing import compare
from replay.comparing.matching import Happening
from replay.comparing.outcomes import SignalChange, SignalCounts
from replay.comparing.reading import Run, recorded, replayed
from replay.comparing.shapes import Divergence, EventCounts
from replay.comparing.words import headline, notes
from replay.plain_errors import plain_errors
from replay.sessions.sessions import read_manifest, session_folder
from replay.sessions.steering import is_running
from signaltape.errors import InvalidRequest, NotFound
from signaltape.redis_client import open_redis
from signaltape.replay import Manifest
from signaltape.replay.bad_lines import BadLines
from signaltape.settings import Settings
from signaltape.stream import output_key

_LONGEST_WITHIN_S = 86_400


class SessionDiff(Struct, frozen=True, kw_only=True, rename="camel"):
    """A comparison. said: its answer in one line; first: null if there is no divergence.

    changes: signals that appeared, vanished or had another outcome (1000 at most; all are counted in `signals`).
    """

    session_id: str
    identical: bool
    said: str
    first: Divergence | None
    events: EventCounts
    signals: SignalCounts
    changes: Sequence[SignalChange]
    notes: list[str]


@plain_errors()
def diff_session(settings: Settings, session: str, *, within_s: float = 0.0) -> SessionDiff:
    """Compare what an engine emitted in the last replay of a session with what was recorded in its span.

    within_s: how far apart the times of the same event may be, for an engine that stamps them by the clock.
    Raises SessionError; NotFound if nothing was kept of a replay.
    """
    if not 0 <= within_s <= _LONGEST_WITHIN_S:
        raise InvalidRequest(f"within is seconds, 0 to {_LONGEST_WITHIN_S}, got {within_s!r}")
    folder = session_folder(settings.data, session)
    manifest = read_manifest(folder)
    with open_redis(settings) as client:
        run = replayed(client, output_key(settings.stream, session))
    if run is None:
        raise NotFound(f"no engine's replay of {session} was kept: run one with RUN_MODE=REPLAY")
    until, bad = _until(run, manifest, is_running(folder)), BadLines()
    emitted = [one for one in run.happenings if _in_span(one, manifest, until)]
    found = compare(recorded(folder, until, bad), emitted, timedelta(seconds=within_s))
    outside = sum(not _in_span(one, manifest, None) for one in run.happenings)
    return SessionDiff(
        session_id=session,
        identical=found.first is None and not run.missing,
        said=headline(found, so_far=until is not None, missing=run.missing),
        first=found.first,
        events=found.events,
        signals=found.signals,
        changes=found.changes,
        notes=list(notes(run, found, until, outside, bad.said())),
    )


def _until(run: Run, manifest: Manifest, runs: bool) -> datetime | None:
    """How far can be compared; None: all of it. runs: whether it is being played into its stream."""
    last = run.happenings[-1].ts if run.happenings else manifest.source_date_range.since
    if run.played is not None and not run.played.whole:
        return run.played.reached or manifest.source_date_range.since
    if run.cut or runs or (run.began and run.played is None):
        return last
    return None


def _in_span(one: Happening, manifest: Manifest, until: datetime | None) -> bool:
    span = manifest.source_date_range
    return span.since <= one.ts < span.until and (until is None or one.ts <= until)
