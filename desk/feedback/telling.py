"""What was clicked, told to the tape: of the rows as they are committed, with the id of its update.

Told before, a click whose transaction fails for good would stand on the tape alone, and one that is worked on again
with other words than in its row. Who died between the two, or lost Postgres, tells the newest clicks again: the same
records.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Protocol

from signaltape.contract.desk_records import FeedbackClick
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "feedback.sql")
#: Names the ids of clicks, each made of the update that it came with.
_CLICKS = uuid.UUID("5b0b1c4e-7a53-5d0e-9a3c-2f6d0c9e41b7")
#: More than all desks together can have left untold.
_NEWEST = 100


class Tape(Protocol):
    """What a click is recorded on: an Emitter."""

    def record(self, name: str, /, **fields: Any) -> bool: ...


def tell(connection: Connection, tape: Tape, update_id: int) -> None:
    """Record what came of an update, if it was a click that is kept. Outside of a transaction. Raises psycopg.Error."""
    for row in rows_as_dicts(connection, _SQL["of_update"], {"update_id": update_id}):
        _record(tape, **row)


def tell_again(connection: Connection, tape: Tape) -> None:
    """Record the newest clicks: most of them stand on the tape already. Raises psycopg.Error."""
    for row in rows_as_dicts(connection, _SQL["newest"], {"most": _NEWEST}):
        _record(tape, **row)


def _record(tape: Tape, update_id: int, **fields: Any) -> None:
    tape.record(FeedbackClick.EVENT, id=str(uuid.uuid5(_CLICKS, str(update_id))), **fields)
