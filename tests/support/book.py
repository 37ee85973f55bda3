"""A book of signals for tests: writes them and their outcomes straight through the sink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from consumer.accepted import Accepted
from reports.scorecard import Scorecard, compute
from reports.weeks import Week, parse_week
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.support.entries import accepted
from tests.support.samples import closed, invalidated, new_id, published, triggered

W03 = parse_week("2022-W03")
TUESDAY = "2022-01-18T10:00:00"
LABELS = ["<0.50", "0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+"]


class Book:
    """Writes signals and their outcomes. by: `signal` (the engine) or `ghost`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._writer = BatchWriter(connection)
        self._waiting: list[Accepted] | None = None

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is written in the block is one batch: of hundreds, one transaction each takes most of the time."""
        entries: list[Accepted] = []
        self._waiting = entries
        yield
        self._waiting = None
        self._writer.write(entries)

    def signal(self, score: Any, *, at: str = TUESDAY, **changes: Any) -> str:
        signal_id = new_id()
        self._write(
            "signal_published", published(signal_id, confluence_score=score, ts_published=at, **changes)
        )
        return signal_id

    def close(
        self, signal_id: str, rr: Any, at: str = TUESDAY, *, by: str = "signal", **changes: Any
    ) -> None:
        self._write(f"{by}_closed", closed(signal_id, rr_realized=rr, ts_closed=at, **changes))

    def trigger(
        self, signal_id: str, after_ms: int, at: str = TUESDAY, *, by: str = "signal", **changes: Any
    ) -> None:
        fields = triggered(signal_id, time_to_trigger_ms=after_ms, ts_triggered=at, **changes)
        self._write(f"{by}_triggered", fields)

    def invalidate(self, signal_id: str, reason: str, at: str = TUESDAY, *, by: str = "signal") -> None:
        self._write(f"{by}_invalidated", invalidated(signal_id, reason=reason, ts_invalidated=at))

    def closed_signal(self, score: Any, rr: Any, **options: Any) -> str:
        signal_id = self.signal(score, **options)
        self.close(signal_id, rr)
        return signal_id

    def card(self, week: Week = W03) -> Scorecard:
        return compute(self._connection, week)

    def _write(self, name: str, fields: dict[str, Any]) -> None:
        entry = accepted(name, fields)
        if self._waiting is None:
            self._writer.write([entry])
        else:
            self._waiting.append(entry)
