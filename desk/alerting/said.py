"""What was decided on alerts, told to the tape: an id is the same for the same decision.

It is told of the rows as they are committed. Told before, a decision that is then made otherwise (the commit failed,
and meanwhile a chat was snoozed) would stand on the tape for good. It is told again whenever the same entry comes
again, and that stays pending until it was told: a kill in between loses nothing, and the same record twice is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import uuid_utils

from desk.alerting.rows import SQL
from desk.settings import ROOM
from signaltape.contract.codec import NAMESPACE
from signaltape.contract.desk_records import AlertDecision
from signaltape.emitter import Emitter
from sink.db import Connection, rows_as_dicts
from sink.outgoing import Committing

#: It was to be sent, and stands in no chat.
NOT_SENT = "not_sent"
#: In the place of a reason, so that it is no duplicate of what was said first.
_AFTER_ALL = "after all"


def say(connection: Connection, tape: Emitter, source_ids: Sequence[str]) -> None:
    """Record what was decided on the alerts of these sources. Outside of a transaction. Raises DatabaseError."""
    if source_ids:
        for row in rows_as_dicts(connection, SQL["decided"], {"source_ids": list(source_ids)}):
            _say(tape, **row)


def say_sent_after_all(connection: Connection, tape: Emitter, source_ids: Sequence[str]) -> None:
    """Record that alerts were sent of which it was said that they were not. Within the transaction that notes it: it is
    emitted behind that. Raises DatabaseError."""
    if source_ids:
        for row in rows_as_dicts(connection, SQL["decided"], {"source_ids": list(source_ids)}):
            at = datetime.fromisoformat(row.pop("timestamp"))
            row["id"] = _id(row.pop("source_id"), row["decision"], _AFTER_ALL)
            Committing(connection, tape, ROOM).record(AlertDecision.EVENT, timestamp=at, **row)


def _say(tape: Emitter, source_id: str, decision: str, reason: str | None, **fields: str | None) -> bool:
    said = NOT_SENT if reason == NOT_SENT else decision
    number = _id(source_id, said, reason or "")
    return tape.record(AlertDecision.EVENT, id=number, decision=said, reason=reason, **fields)


def _id(source_id: str, said: str, reason: str) -> str:
    return str(uuid_utils.uuid5(NAMESPACE, f"{AlertDecision.EVENT}:{source_id}:{said}:{reason}"))
