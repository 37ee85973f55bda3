"""What a room has to say on the tape: written in the transaction of what it tells, emitted once that is committed.

So the tape tells nothing that was undone in the end; a kill amid it emits the same again, which is a duplicate.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from signaltape.contract.codec import check, encode
from signaltape.contract.events import EVENTS
from signaltape.contract.limits import read_plainly
from signaltape.contract.record_codec import check_record
from signaltape.contract.record_fields import wire_fields
from signaltape.emitter import Emitter
from signaltape.errors import InvalidEvent
from signaltape.failpoints import failpoint
from signaltape.kinds import RECORD_KINDS
from sink.db import Connection
from sink.queries import own

_SQL = own("outgoing")


class Committing:
    """Stands in for an Emitter within a transaction. room: whose records they are."""

    def __init__(self, connection: Connection, tape: Emitter, room: str) -> None:
        self._connection, self._tape, self._room = connection, tape, room

    def record(self, name: str, /, *, timestamp: datetime, **fields: Any) -> bool:
        """Write down a record, unless nothing is recorded at all. fields: with an `id`; timestamp: when it happened.

        Raises InvalidEvent for what cannot be written as JSON; what else the contract refuses is refused when emitted.
        """
        return self._put(name, timestamp, fields)

    def event(self, name: str, /, *, ts: datetime, **fields: Any) -> bool:
        """Write down a lifecycle event, such as `ghost_closed`. ts: when it happened. Raises as `record`."""
        return self._put(name, ts, fields)

    def _put(self, name: str, ts: datetime, fields: dict[str, Any]) -> bool:
        if not self._tape.enabled:
            return False
        row = {"room": self._room, "event": name, "ts": ts, "fields": encode(fields).decode()}
        self._connection.execute(_SQL["put"], row)
        return True


def emit_committed(connection: Connection, tape: Emitter, room: str) -> int:
    """Emit the oldest of what a room has written down; what no journal takes now waits for the next time.

    Returns how many are over. Raises CONNECTION_ERRORS.
    """
    if not tape.enabled:
        return 0
    with connection.transaction():
        emitted = []
        for number, event, ts, fields in connection.execute(_SQL["next"], {"room": room}).fetchall():
            if not _is_over(tape, event, ts.astimezone(UTC), read_plainly(fields.encode())):
                break
            emitted.append(number)
        if emitted:
            failpoint(f"{room}.emitted")
            connection.execute(_SQL["emitted"], {"ids": emitted})
        return len(emitted)


def _is_over(tape: Emitter, name: str, ts: datetime, fields: dict[str, Any]) -> bool:
    """Whether it stands in the journal, or is refused: that would be so ever again."""
    return _emit(tape, name, ts, fields) or _is_refused(name, ts, fields)


def _is_refused(name: str, ts: datetime, fields: dict[str, Any]) -> bool:
    """By the contract. What the Emitter counts as refused may be another thread's."""
    try:
        kind = EVENTS.get(name)
        if kind is not None:
            check(name, encode({**fields, kind.TIME_FIELD: ts}))
        elif name in RECORD_KINDS:
            check_record(name, encode(wire_fields(name, {**fields, "timestamp": ts}, ts)))
        else:
            return True
    except InvalidEvent:
        return True
    return False


def _emit(tape: Emitter, name: str, ts: datetime, fields: dict[str, Any]) -> bool:
    kind = EVENTS.get(name)
    if kind is None:
        return tape.record(name, {**fields, "timestamp": ts})
    return tape.event(name, {**fields, kind.TIME_FIELD: ts})
