"""What was decided on an alert, told to the tape: a record with an id that is the same for the same decision."""

from __future__ import annotations

import uuid_utils

from desk.alerts.model import Alert
from signaltape.contract.codec import NAMESPACE
from signaltape.contract.desk_records import AlertDecision
from signaltape.emitter import Emitter


def say(tape: Emitter, alert: Alert, reason: str | None) -> bool:
    """Record it. Doing so again, since the transaction was not committed, is a duplicate and not a second one.

    reason: why it is held; None if it is sent.
    """
    decision = "sent" if reason is None else "held"
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
