"""The messages of an outbox, as the table has them."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

ROWS = """
SELECT id, chat_id, state, coalesce(told->>0, split_part(message_key, ':', 1)) AS version, message_ids,
       filled, filling, lost_stubs, parts, not_after, told_week, coalesce(last_error, '') AS error, message_key,
       kind, marks, ref, reply_to, stands
FROM outbox ORDER BY id
"""
FILES = "SELECT outbox_id, state, kind FROM outbox_files ORDER BY outbox_id, position"
EDITS = """
SELECT o.id, message_key, e.body, revision, sent_revision, e.state, e.not_after, coalesce(e.last_error, '') AS error
FROM outbox_edits e JOIN outbox o USING (message_key) ORDER BY o.id
"""
#: Which weeks were told of.
REPORTED = "SELECT week_start, reported IS NOT NULL FROM weekly_scorecard"


class Row(NamedTuple):
    """A message as the table has it."""

    id: int
    chat_id: str
    state: str
    version: str
    message_ids: list[int]
    filled: int
    filling: int
    lost_stubs: int
    parts: int
    not_after: datetime
    told_week: date | None
    error: str
    key: str
    kind: str
    marks: list[int]
    ref: str | None
    reply_to: str | None
    stands: bool

    @property
    def ended_with_another(self) -> bool:
        """Whether it ended because what it replies to was not sent."""
        return self.error.startswith("the message that it replies to was not sent")

    @property
    def may_be_beyond(self) -> int:
        """How many messages may stand in the chat that the table does not name."""
        return self.lost_stubs


def report_of(row: Row) -> str:
    """Which report it is, whatever its version."""
    return row.version.rpartition(" ")[0]
