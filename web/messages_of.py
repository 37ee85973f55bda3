"""The messages that tell of a signal: those that name it, and the reports of its week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from reports.operations.shown import week_of
from sink.pool import Pool, dicts
from sink.queries import load
from web.signals import Whole

_SQL = load(Path(__file__).parent / "sql" / "messages_of.sql")
#: Clocks of engine and database may differ by so much.
_CLOCKS = timedelta(days=1)


async def messages_of(pool: Pool, signal_id: str, found: Whole) -> Sequence[dict[str, Any]]:
    """Rows of the outbox, the oldest first. of_week: a report that counted the signal."""
    signal = found.signal
    asked = {
        "signal_id": signal_id,
        "ref": signal and signal["ref_id"],
        "week": week_of(signal["ts_published"]).monday if signal else None,
        "since": min(event["ts"] for event in found.events) - _CLOCKS,
    }
    async with pool.read() as session:
        return await dicts(session, _SQL["of_signal"], asked)
