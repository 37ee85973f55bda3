"""The outbox: every message to Telegram goes through this table, once per key."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from reports.telegram.text import Entity, Text
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent.parent / "sql" / "outbox.sql")
#: A sender that died holds its message no longer than this.
LEASE_S = 120.0


class Leased(NamedTuple):
    """A message that this sender holds for now."""

    id: int
    message_key: str
    chat_id: str
    text: Text
    #: ids of the stubs that stand in the chat, one per part; the first `filled` hold their text
    message_ids: list[int]
    filled: int
    lost_stubs: int
    attempts: int


class Outbox:
    """The table, as enqueuers and the sender use it. Every method is one committed statement.

    connection: in autocommit mode.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enqueue(self, key: str, chat_id: str, text: Text, not_after: datetime) -> bool:
        """Put a message in. False if one of this key is already on its way or sent."""
        row = self._connection.execute(
            _SQL["enqueue"],
            {
                "message_key": key,
                "chat_id": chat_id,
                "body": text.text,
                "entities": msgspec.json.encode(text.entities).decode(),
                "not_after": not_after,
            },
        ).fetchone()
        return row is not None

    def state(self, key: str) -> tuple[str, str | None] | None:
        """Where the message of this key stands, and its last error; None if there is none."""
        row = self._connection.execute(_SQL["state"], {"message_key": key}).fetchone()
        return (row[0], row[1]) if row else None

    def listed(self, limit: int) -> list[dict[str, Any]]:
        """Messages with their states, newest first."""
        return rows_as_dicts(self._connection, _SQL["list"], {"limit": limit})

    def resend(self, number: int, not_after: datetime) -> bool:
        """Give a message that is uncertain, failed or expired another chance. False if it is in no such state.

        A stub that stands in the chat is filled, no other is sent.
        """
        row = self._connection.execute(_SQL["resend"], {"id": number, "not_after": not_after}).fetchone()
        return row is not None

    def lease(self) -> Leased | None:
        """Take one message that is due. None if there is none now."""
        self._connection.execute(_SQL["expire"])
        rows = rows_as_dicts(self._connection, _SQL["lease"], {"lease_s": LEASE_S})
        if not rows:
            return None
        row = rows[0]
        text = Text(row.pop("body"), msgspec.convert(row.pop("entities"), list[Entity]))
        return Leased(text=text, **row)

    def next_due_s(self) -> float | None:
        """Seconds until the next message is due (0 or less: now); None if none waits."""
        row = self._connection.execute(_SQL["next_due_s"]).fetchone()
        return float(row[0]) if row and row[0] is not None else None

    def stub_sent(self, message: Leased, message_id: int) -> None:
        """A stub stands in the chat."""
        self._connection.execute(_SQL["stub_sent"], {"id": message.id, "message_id": message_id})

    def stub_lost(self, message: Leased) -> None:
        """A stub may or may not stand in the chat."""
        self._connection.execute(_SQL["stub_lost"], {"id": message.id})

    def filled(self, message: Leased) -> None:
        """One more stub holds its text."""
        self._connection.execute(_SQL["filled"], {"id": message.id})

    def move(self, message: Leased, new_chat_id: str) -> None:
        """The chat has a new id: send this message, and all that wait for the chat, there."""
        self._connection.execute(_SQL["move"], {"chat_id": message.chat_id, "new_chat_id": new_chat_id})

    def retry(self, message: Leased, wait_s: float, error: str) -> None:
        """Try again after `wait_s` seconds."""
        self._connection.execute(_SQL["retry"], {"id": message.id, "wait_s": wait_s, "error": error})

    def finish(self, message: Leased, state: str, error: str | None = None) -> None:
        """Set its last state: sent, uncertain or failed."""
        self._connection.execute(_SQL["finish"], {"id": message.id, "state": state, "error": error})
