"""A replay beside its recording: identical, different or not to be said; where they part first, and each signal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from replay.comparing.judging import Verdict, judge
from replay.comparing.matching import Happening
from replay.comparing.outcomes import SignalChange, SignalCounts
from replay.comparing.reading import kept_of, recorded, telling
from replay.comparing.runs import Fed, known
from replay.comparing.shapes import Divergence, EventCounts
from replay.comparing.words import headline, notes
from replay.plain_errors import plain_errors
from replay.sessions.sessions import read_manifest, session_folder
from replay.sessions.steering import is_running, read_status
from signaltape.errors import InvalidRequest, NotFound, OperationError
from signaltape.redis_client import open_redis
from signaltape.replay import Manifest
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.under_way import last_feed
from signaltape.settings import Settings
from signaltape.stopping import until
from signaltape.stream import output_key

_LONGEST_WITHIN_S = 86_400
_NOTHING_KEPT = "no engine's replay of {} was kept: run one with RUN_MODE=REPLAY"


class SessionDiff(Struct, frozen=True, kw_only=True, rename="camel"):
    """A comparison. said: its answer in one line; first: null if there is no divergence.

    verdict: identical, different, or unknown where that cannot be said; `first` and all counts are then of what is
    kept. began: when the replay began. changes: signals that appeared, vanished or had another outcome (1000 at most;
    all are counted in `signals`).
    """

    session_id: str
    verdict: Verdict
    identical: bool
    said: str
    began: datetime | None
    first: Divergence | None
    events: EventCounts
    signals: SignalCounts
    changes: Sequence[SignalChange]
    notes: list[str]


def refuse_odd_within(within_s: float) -> None:
    """Raises InvalidRequest for what is no such time."""
    if not 0 <= within_s <= _LONGEST_WITHIN_S:
        raise InvalidRequest(f"within is seconds, 0 to {_LONGEST_WITHIN_S}, got {within_s!r}")


@plain_errors()
def state_of(settings: Settings, session: str) -> str:
    """Tells what a comparison would be of: another text once anything that it reads has changed.

    Raises SessionError; NotFound if nothing was kept of a replay.
    """
    folder = session_folder(settings.data, session)
    fed = _fed(folder, read_manifest(folder))
    key = output_key(settings.stream, session)
    with open_redis(settings) as client:
        if not client.exists(key):
            raise NotFound(_NOTHING_KEPT.format(session))
        last = client.xinfo_stream(key)["last-generated-id"].decode()
    return msgspec.json.encode((last, fed._replace(status=None) if fed.runs else fed)).decode()


@plain_errors()
def diff_session(
    settings: Settings,
    session: str,
    *,
    within_s: float = 0.0,
    most: int | None = None,
    progress: Callable[[str, int], None] = lambda _what, _done: None,
    stop: threading.Event | None = None,
) -> SessionDiff:
    """Compare what an engine emitted in the last replay of a session with what was recorded in its span.

    within_s: how far apart the times of the same event may be, for an engine that stamps them by the clock.
    most: events on either side; what was read is in memory. Nothing is changed: once `stop` is set, it ends by Stopped.
    Raises SessionError; NotFound if nothing was kept of a replay; OperationError for more than `most`.
    """
    refuse_odd_within(within_s)
    tell = until(stop, progress, "stopped: nothing was compared")
    folder = session_folder(settings.data, session)
    manifest, bad = read_manifest(folder), BadLines()
    fed = _fed(folder, manifest)  # before what is kept: nothing is known of a later replay
    with open_redis(settings) as client:
        kept = kept_of(
            client, output_key(settings.stream, session), _few(most, partial(tell, "replayed events"))
        )
    if kept is None:
        raise NotFound(_NOTHING_KEPT.format(session))
    run = known(kept, fed)
    emitted = [one for one in run.happenings if _in_span(one, manifest)]
    inside = run._replace(happenings=emitted)
    told = _few(most, partial(tell, "recorded events"))
    judged = judge(
        lambda reached: telling(recorded(folder, reached, bad), told), inside, timedelta(seconds=within_s)
    )
    found = judged.found
    return SessionDiff(
        session_id=session,
        verdict=judged.verdict,
        identical=judged.verdict == "identical",
        said=headline(judged),
        began=run.began,
        first=found.first,
        events=found.events,
        signals=found.signals,
        changes=found.changes,
        notes=list(notes(judged, kept.bad, len(run.happenings) - len(emitted), bad.said())),
    )


def _few(most: int | None, tell: Callable[[int], None]) -> Callable[[int], None]:
    """`tell`, which beyond so many raises OperationError."""

    def check(done: int) -> None:
        if most is not None and done >= most:
            raise OperationError(
                f"more than {most:,} events: python -m replay serve compares them, where it runs"
            )
        tell(done)

    return check


def _fed(folder: Path, manifest: Manifest) -> Fed:
    since = manifest.source_date_range.since
    return Fed(since, last_feed(folder), read_status(folder), is_running(folder))


def _in_span(one: Happening, manifest: Manifest) -> bool:
    span = manifest.source_date_range
    return span.since <= one.ts < span.until
