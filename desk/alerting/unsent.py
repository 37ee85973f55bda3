"""Alerts that were to be sent and of which that is not so: not sent, in doubt, or sent after all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from desk.alerting.rows import SQL
from sink.db import Connection

#: What was decided so long ago has been looked at before: few alerts are valid for so long.
_LOOKED_BACK = timedelta(days=14)


class SentAfterAll(NamedTuple):
    """What stands in a chat though it had ended without being sent: alerts and their signals. sources: of the alerts
    that had counted as sent nowhere."""

    refs: Sequence[str]
    signal_ids: Sequence[str]
    sources: Sequence[str]


def note_unsent(connection: Connection, now: datetime) -> list[str]:
    """Note in which chats alerts do not stand after all, so that a digest tells of it. The sources of those in none."""
    asked = {"since": now - _LOOKED_BACK, "now": now}
    connection.execute(SQL["end_unsent"], asked)
    rows = connection.execute(SQL["unsent"], asked).fetchall()
    found = (
        connection.execute(SQL["sent_nowhere"], {"ref_id": ref_id, "detail": error}).fetchone()
        for ref_id, error in rows
    )
    return [row[0] for row in found if row is not None]


def note_doubt(connection: Connection, now: datetime) -> int:
    """Note in which chats alerts may not stand, so that a digest tells of it, and where that is not so any more."""
    asked = {"since": now - _LOOKED_BACK, "now": now}
    connection.execute(SQL["doubt_no_more"], asked)
    return connection.execute(SQL["doubt"], asked).rowcount


def note_sent_after_all(connection: Connection, now: datetime) -> SentAfterAll:
    """Alerts that a person had sent again, and that stand now where they had not: from now on they are followed."""
    rows = connection.execute(SQL["stand_after_all"], {"since": now - _LOOKED_BACK}).fetchall()
    refs = [ref_id for ref_id, _ in rows]
    sent = connection.execute(SQL["sent_after_all"], {"ref_ids": refs}).fetchall() if refs else []
    return SentAfterAll(refs, sorted({one for _, one in rows if one}), [row[0] for row in sent])


def noted_before(connection: Connection, now: datetime) -> list[str]:
    """The sources of those that were noted of late: who noted them may have died before the tape was told."""
    rows = connection.execute(SQL["not_sent"], {"since": now - _LOOKED_BACK}).fetchall()
    return [row[0] for row in rows]
