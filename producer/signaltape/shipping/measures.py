"""What a shipper measures: what it has shipped and lost, what waits in the journals, when Redis took nothing last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from signaltape.journal.home import backlog_bytes, journal_folders
from signaltape.measures import Ask, Measure, one


class Progress(Struct):
    """How far `ship_forever` is; it writes here, another thread may read.

    dropped: events that the journals' bound, or a person, had removed before they were shipped.
    failed_at: when Redis took no events last, on the monotonic clock; None: never.
    """

    shipped: int = 0
    dropped: int = 0
    failures: int = 0
    failed_at: float | None = None


def shipper_parts(
    home: Path, progress: Progress, monotonic: Callable[[], float] = time.monotonic
) -> Mapping[str, Ask]:
    """The parts of `signaltape ship` by name. home: SIGNALTAPE_HOME."""
    return {
        "shipping": lambda: _shipping(progress, monotonic()),
        "journals": lambda: [journal_measure(home)],
    }


def journal_measure(home: Path) -> Measure:
    """The size of each journal of this machine. Raises OSError if they cannot be listed."""
    sizes = {folder.name: float(backlog_bytes(folder)) for folder in journal_folders(home)}
    return Measure("signaltape_journal_bytes", "Journal segments on this machine", sizes, label="journal")


def _shipping(progress: Progress, now: float) -> Iterator[Measure]:
    yield one("signaltape_shipped_events", "Events that Redis acknowledged", progress.shipped, total=True)
    yield one(
        "signaltape_dropped_events",
        "Events gone before they were shipped",
        progress.dropped,
        total=True,
    )
    yield one("signaltape_ship_failures", "How often Redis took no events", progress.failures, total=True)
    if progress.failed_at is not None:
        yield one(
            "signaltape_ship_failed_seconds", "Since Redis took no events last", now - progress.failed_at
        )
