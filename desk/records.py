"""Records on their way to the tape: written in the transaction of what they tell, emitted once that is committed.

So the tape tells nothing that was undone in the end; a kill amid it emits the same record again, which is a duplicate.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from signaltape.emitter import Emitter
from signaltape.failpoints import failpoint
from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "records.sql")


class Committing:
    """Stands in for an Emitter within a transaction."""

    def __init__(self, connection: Connection, tape: Emitter) -> None:
        self._connection, self._tape = connection, tape

    def record(self, name: str, /, *, timestamp: datetime, **fields: Any) -> bool:
        """Write it down, unless nothing is recorded at all. fields: with an `id`."""
        if not self._tape.enabled:
            return False
        row = {"event": name, "ts": timestamp, "fields": msgspec.json.encode(fields).decode()}
        self._connection.execute(_SQL["put"], row)
        return True


def emit_committed(connection: Connection, tape: Emitter) -> None:
    """Emit what was written down; what no journal takes now waits for the next time. Raises CONNECTION_ERRORS."""
    if not tape.enabled:
        return
    with connection.transaction():
        emitted = []
        for number, event, ts, fields in connection.execute(_SQL["next"]).fetchall():
            if not _is_over(tape, event, ts, fields):
                break
            emitted.append(number)
        if emitted:
            failpoint("desk.emitted")
            connection.execute(_SQL["emitted"], {"ids": emitted})


def _is_over(tape: Emitter, event: str, ts: datetime, fields: dict[str, Any]) -> bool:
    """Whether it stands in the journal, or was refused: that would be so ever again."""
    refused = tape.stats()["refused"]
    return tape.record(event, timestamp=ts, **fields) or tape.stats()["refused"] > refused
