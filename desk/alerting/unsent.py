"""Alerts that were to be sent and were not: Telegram was away until they expired, or the chat takes none."""

from __future__ import annotations

from datetime import datetime, timedelta

from desk.alerting.rows import SQL
from sink.db import Connection

#: What was decided so long ago has been looked at before: few alerts are valid for so long.
_LOOKED_BACK = timedelta(days=14)


def note_unsent(connection: Connection, now: datetime) -> list[str]:
    """Note in which chats alerts do not stand after all, so that a digest tells of it. The sources of those in none."""
    rows = connection.execute(SQL["unsent"], {"since": now - _LOOKED_BACK, "now": now}).fetchall()
    found = (
        connection.execute(SQL["sent_nowhere"], {"ref_id": ref_id, "detail": error}).fetchone()
        for ref_id, error in rows
    )
    return [row[0] for row in found if row is not None]


def noted_before(connection: Connection, now: datetime) -> list[str]:
    """The sources of those that were noted of late: who noted them may have died before the tape was told."""
    rows = connection.execute(SQL["not_sent"], {"since": now - _LOOKED_BACK}).fetchall()
    return [row[0] for row in rows]
