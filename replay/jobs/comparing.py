"""The job that holds a replay against its recording."""

from __future__ import annotations

import threading

import msgspec

from replay.jobs.kinds import Json, Progress
from replay.operations.diff import diff_session
from signaltape.settings import Settings

_write = msgspec.json.Encoder(decimal_format="number").encode


class Asked(msgspec.Struct, frozen=True):
    """Which replay is compared; state: what it was when that was asked for."""

    session_id: str
    within_s: float
    state: str


def compare(settings: Settings, arguments: Json, progress: Progress, stop: threading.Event) -> Json:
    """Compare; the SessionDiff as JSON text, so that numbers keep their digits in the queue."""
    asked = msgspec.convert(arguments, Asked)
    found = diff_session(settings, asked.session_id, within_s=asked.within_s, progress=progress, stop=stop)
    return {"diff": _write(found).decode()}
