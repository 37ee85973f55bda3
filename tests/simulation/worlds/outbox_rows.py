"""The messages of an outbox, as the table has them."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from outbox.policies import ALERT

ROWS = """
SELECT id, chat_id, state, coalesce(told->>0, split_part(message_key, ':', 1)) AS version, message_ids,
       filled, filling, lost_stubs, parts, not_after, told_week, coalesce(last_error, '') AS error, message_key,
       kind
FROM outbox ORDER BY id
"""
FILES = "SELECT outbox_id, state, kind FROM outbox_files ORDER BY outbox_id, position"
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

    @property
    def may_be_beyond(self) -> int:
        """How many messages may stand in the chat that the table does not name."""
        return self.filling - self.filled if self.kind == ALERT else self.lost_stubs


def report_of(row: Row) -> str:
    """Which report it is, whatever its version."""
    return row.version.rpartition(" ")[0]
