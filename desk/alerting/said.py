"""What was decided on alerts, told to the tape: an id is the same for the same decision.

It is told of the rows as they are committed. Told before, a decision that is then made otherwise (the commit failed,
and meanwhile a chat was snoozed) would stand on the tape for good. It is told again whenever the same entry comes
again, and that stays pending until it was told: a kill in between loses nothing, and the same record twice is one.
"""

from __future__ import annotations

from collections.abc import Sequence

import uuid_utils

from desk.alerting.rows import SQL
from signaltape.contract.codec import NAMESPACE
from signaltape.contract.desk_records import AlertDecision
from signaltape.emitter import Emitter
from sink.db import Connection, rows_as_dicts

#: It was to be sent, and stands in no chat.
NOT_SENT = "not_sent"


def say(connection: Connection, tape: Emitter, source_ids: Sequence[str]) -> None:
    """Record what was decided on the alerts of these sources. Outside of a transaction. Raises DatabaseError."""
    if source_ids:
        for row in rows_as_dicts(connection, SQL["decided"], {"source_ids": list(source_ids)}):
            _say(tape, **row)


def _say(tape: Emitter, source_id: str, decision: str, reason: str | None, **fields: str | None) -> bool:
    said = NOT_SENT if reason == NOT_SENT else decision
    name = f"{AlertDecision.EVENT}:{source_id}:{said}:{reason or ''}"
    number = str(uuid_utils.uuid5(NAMESPACE, name))
    return tape.record(AlertDecision.EVENT, id=number, decision=said, reason=reason, **fields)
