"""Alerts that were to be sent and were not: Telegram was away until they expired, or the chat takes none."""

from __future__ import annotations

from datetime import datetime, timedelta

from desk.alerting.rows import SQL
from desk.alerting.said import NOT_SENT, say
from desk.alerts import model
from signaltape.emitter import Emitter
from sink.db import Connection

#: What has ended so long ago was looked at before.
_LOOKED_BACK = timedelta(days=2)


def note_unsent(connection: Connection, tape: Emitter, now: datetime) -> int:
    """Note in which chats an alert does not stand after all, so that a digest tells of it; how many alerts."""
    rows = connection.execute(SQL["unsent"], {"since": now - _LOOKED_BACK, "now": now}).fetchall()
    for ref_id, error in rows:
        found = connection.execute(SQL["sent_nowhere"], {"ref_id": ref_id, "detail": error}).fetchone()
        if found is not None:
            say(tape, model.load(found[0]), NOT_SENT)
    return len(rows)
