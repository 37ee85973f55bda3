"""Recorded hours to replay: in an archive, in a stream, as a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from replay.archive.archiver import Archive
from replay.archive.layout import sessions_folder
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource, Span
from signaltape import Emitter, Settings
from signaltape.replay import Manifest
from signaltape.replay.session import read_events
from tests.integration.archiving import NOON, at, batch
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES, new_id

HOUR = timedelta(hours=1)


def archived(data: Path, count: int = 120, step: timedelta = timedelta(minutes=1)) -> None:
    """Updates, orders and market trades of two symbols, one every `step` from noon on, in disorder."""
    names = ["state_event", "order_log", "market_trade"]
    events = [
        at(names[number % 3], NOON + number * step, symbol=f"S{number % 2}", n=number)
        for number in range(count)
    ]
    target = Archive(data)
    target.write(batch(*events[::-1]))
    target.close()


def session(data: Path, span: Span, **options: Any) -> tuple[Manifest, Path]:
    manifest = build(data, ArchiveSource(data), span, now=datetime.now(UTC), **options)
    return manifest, sessions_folder(data) / manifest.session_id


def numbers(folder: Path) -> list[int]:
    return [event.data["n"] for event in read_events(folder)]


def record_some(settings: Settings) -> None:
    with Emitter(settings, strict=True) as tape:
        for number in range(30):
            when = (NOON + number * timedelta(seconds=10)).isoformat()
            tape.state(RECORD_SAMPLES["state_event"], timestamp=when, n=number)
            tape.market("trade", RECORD_SAMPLES["market_trade"], timestamp=when, n=number)
        for name, make in SAMPLES.items():
            getattr(tape, name.removeprefix("signal_"))(make(new_id()), ts=NOON)


SPAN = ("--from", "2022-01-17T12:00", "--to", "2022-01-17T13:00")
