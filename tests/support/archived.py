"""Entries into an archive, an archive into a session, for tests that need no server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from consumer.decoding.decode import Batch, decode_entries
from consumer.entry import Entry
from replay.archive.archiver import Archive, Archived
from replay.archive.layout import sessions_folder
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource, Span
from signaltape.replay import ReplayEvent
from signaltape.replay.session import read_events
from tests.support.records import RECORD_SAMPLES

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)  # noon in Jakarta
DAY = Span(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
_NOON_MS = int(NOON.timestamp() * 1000)


def record(name: str, when: datetime = NOON, **changes: Any) -> tuple[str, bytes]:
    """A record of a kind at a time, as its name and payload."""
    return name, msgspec.json.encode({**RECORD_SAMPLES[name], "timestamp": when.isoformat(), **changes})


def batch(*events: tuple[str, bytes], first: int = 0) -> Batch:
    """Events as a consumer reads them, from entry number `first` on; entries without a time are of noon."""
    found = decode_entries(
        [
            Entry("s:{0}", f"{_NOON_MS}-{first + number}", [b"event", name.encode(), b"data", payload])
            for number, (name, payload) in enumerate(events)
        ]
    )
    assert not found.dead, found.dead
    return found


def write(data: Path, events: Iterable[tuple[str, bytes]], first: int = 0) -> Archived:
    """Archive events as one batch, by an archiver that then stops."""
    target = Archive(data)
    try:
        target.write(batch(*events, first=first))
        return target.total
    finally:
        target.close()


def built(data: Path, span: Span = DAY) -> list[ReplayEvent]:
    """The events of a session that is built from the archive."""
    manifest = build(data, ArchiveSource(data), span, now=datetime.now(UTC))
    return list(read_events(sessions_folder(data) / manifest.session_id))
