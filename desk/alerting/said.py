"""What was decided on an alert, told to the tape: a record with an id that is the same for the same decision."""

from __future__ import annotations

import uuid_utils

from desk.alerts.model import Alert
from signaltape.contract.codec import NAMESPACE
from signaltape.contract.desk_records import AlertDecision
from signaltape.emitter import Emitter

#: It was to be sent, and stands in no chat.
NOT_SENT = "not_sent"


def say(tape: Emitter, alert: Alert, reason: str | None) -> bool:
    """Record it. Doing so again, since the transaction was not committed, is a duplicate and not a second one.

    reason: why it is held, or was not sent; None if it is sent.
    """
    decision = "sent" if reason is None else NOT_SENT if reason == NOT_SENT else "held"
    return tape.record(
        AlertDecision.EVENT,
        id=str(
            uuid_utils.uuid5(NAMESPACE, f"{AlertDecision.EVENT}:{alert.source_id}:{decision}:{reason or ''}")
        ),
        timestamp=alert.ts,
        ref_id=alert.ref_id,
        signal_id=alert.signal_id,
        category=alert.category,
        symbol=alert.symbol,
        decision=decision,
        reason=reason,
    )
