"""The outbox: every message to Telegram goes through this table, once per key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from outbox.text import Entity, Text, split
from sink.db import Connection, Cursor, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "outbox.sql")
#: A sender that died holds its message no longer than this.
LEASE_S = 120.0
#: Said of a message whose text was sent without an answer and cannot be asked about any more.
IN_DOUBT = "its text was sent without an answer; look at the chat, and resend it if it is not there"


class File(NamedTuple):
    """A picture (`photo`) or document that follows a message as a reply."""

    kind: str
    name: str
    content: bytes


class Leased(NamedTuple):
    """A message that this sender holds for now."""

    id: int
    message_key: str
    chat_id: str
    text: Text
    #: ids of the stubs that stand in the chat, one per part; the first `filled` hold their text
    message_ids: list[int]
    filled: int
    #: parts that hold their text, or may hold it
    filling: int
    lost_stubs: int
    #: the number of this lease
    fencing_token: int
    failures: int

    def in_doubt(self, place: int) -> bool:
        """Whether the part at `place` may stand in the chat from an earlier try."""
        return self.filled <= place < self.filling


class Told(NamedTuple):
    """What a message tells of a week: reported once it was sent. bins: JSON, as `weekly_scorecard.bins`."""

    monday: date
    bins: str


class Outbox:
    """The table, as enqueuers and the sender use it. Every method is one committed transaction.

    What a sender decides is written only while it holds the message; what certainly stands in the chat always is.

    connection: in autocommit mode; lease_s: how long a sender holds a message without a sign of life.
    """

    def __init__(self, connection: Connection, lease_s: float = LEASE_S) -> None:
        self._connection = connection
        self._lease_s = lease_s

    def enqueue(
        self,
        key: str,
        chat_id: str,
        text: Text,
        not_after: datetime,
        files: Sequence[File] = (),
        told: Told | None = None,
    ) -> bool:
        """Put a message in, with the files that follow it. False if one of this key is on its way or sent."""
        with self._connection.transaction():
            row = self._connection.execute(
                _SQL["enqueue"],
                {
                    "message_key": key,
                    "chat_id": chat_id,
                    "body": text.text,
                    "entities": msgspec.json.encode(text.entities).decode(),
                    "parts": len(split(text)),
                    "not_after": not_after,
                    "told_week": told and told.monday,
                    "told": told and told.bins,
                },
            ).fetchone()
            if row is None:
                return False
            self._connection.execute(_SQL["clear_files"], {"id": row[0]})
            for position, file in enumerate(files):
                self._connection.execute(
                    _SQL["add_file"], {"id": row[0], "position": position, **file._asdict()}
                )
        return True

    def state(self, key: str) -> tuple[str, str | None] | None:
        """Where the message of this key stands, and its last error; None if there is none."""
        row = self._connection.execute(_SQL["state"], {"message_key": key}).fetchone()
        return (row[0], row[1]) if row else None

    def listed(self, limit: int) -> list[dict[str, Any]]:
        """Messages with their states, newest first."""
        return rows_as_dicts(self._connection, _SQL["list"], {"limit": limit})

    def resend(self, number: int, not_after: datetime) -> bool:
        """Give a message that is uncertain, failed or expired another chance, or files that were not sent.

        False if it is in no such state. A stub that stands in the chat is filled, no other is sent.
        """
        row = self._connection.execute(_SQL["resend"], {"id": number, "not_after": not_after}).fetchone()
        return row is not None

    def lease(self) -> Leased | None:
        """Take one message that is due. None if there is none now."""
        self._connection.execute(_SQL["expire"], {"in_doubt": IN_DOUBT})
        rows = rows_as_dicts(self._connection, _SQL["lease"], {"lease_s": self._lease_s})
        if not rows:
            return None
        row = rows[0]
        text = Text(row.pop("body"), msgspec.convert(row.pop("entities"), list[Entity]))
        return Leased(text=text, **row)

    def renew_lease(self, message: Leased) -> bool:
        """Whether this sender still holds the message and it has not expired; then for a whole lease more."""
        return self._execute("renew_lease", message, lease_s=self._lease_s).fetchone() is not None

    def next_due_s(self) -> float | None:
        """Seconds until the next message is due (0 or less: now); None if none waits."""
        row = self._connection.execute(_SQL["next_due_s"]).fetchone()
        return float(row[0]) if row and row[0] is not None else None

    def stub_begun(self, message: Leased) -> bool:
        """A stub is about to be sent: until more is known, it may or may not stand in the chat.

        False if this sender does not hold the message any more: then it must not be sent.
        """
        return self._execute("stub_begun", message).fetchone() is not None

    def stub_sent(self, message: Leased, message_id: int, place: int = 0) -> int | None:
        """A stub stands in the chat for the part at `place`. The id of the stub to fill; None if it is another's turn.

        Another sender may have put a stub in its place meanwhile; then that one is filled.
        """
        row = self._execute(
            "stub_sent", message, chat_id=message.chat_id, place=place, message_id=message_id
        ).fetchone()
        return row[0] if row and row[1] else None

    def stub_not_sent(self, message: Leased) -> None:
        """The stub certainly does not stand in the chat."""
        self._execute("stub_not_sent", message)

    def stub_gone(self, message: Leased, place: int) -> None:
        """The stub of the part at `place` was deleted from the chat."""
        self._execute("stub_gone", message, place=place)

    def fill_begun(self, message: Leased, place: int) -> bool:
        """The stub of the part at `place` is about to be filled: until more is known, it may or may not hold its text.

        False if this sender does not hold the message any more: then it must not be filled.
        """
        return self._execute("fill_begun", message, place=place).fetchone() is not None

    def not_filled(self, message: Leased, place: int) -> None:
        """This try certainly did not fill the stub; what an earlier one did is as unknown as before."""
        if not message.in_doubt(place):
            self._execute("not_filled", message, place=place)

    def filled(self, message: Leased, place: int, message_id: int) -> None:
        """The stub of the part at `place` holds its text."""
        self._execute("filled", message, place=place, message_id=message_id)

    def files(self, message: Leased) -> list[tuple[int, File]]:
        """The files that still are to be sent, with their positions."""
        rows = self._execute("files", message).fetchall()
        return [(position, File(kind, name, bytes(content))) for position, kind, name, content in rows]

    def file_is(self, message: Leased, position: int, state: str) -> bool:
        """Note what became of a file: queued, uncertain or failed. False if this sender does not hold it any more."""
        return self._execute("file_state", message, position=position, state=state).fetchone() is not None

    def file_sent(self, message: Leased, position: int, message_id: int | None) -> None:
        """A file stands in the chat."""
        self._execute("file_sent", message, position=position, message_id=message_id)

    def ids_of(self, chat_id: str) -> list[str]:
        """All ids that a chat had and has, the oldest first: messages go to the last, keys are made of the first."""
        return [row[0] for row in self._connection.execute(_SQL["ids"], {"chat_id": chat_id}).fetchall()]

    def move(self, chat_id: str, new_chat_id: str, message: Leased | None = None) -> bool:
        """The chat has a new id: send all that wait for the chat there. False if that would lead in a circle.

        message: the one that this sender holds, unless it was overtaken; those that others hold are left to them.
        """
        with self._connection.transaction():
            ids = self.ids_of(chat_id)
            if new_chat_id in ids[: ids.index(chat_id) + 1]:
                return False
            if new_chat_id not in ids:
                self._connection.execute(_SQL["note_move"], {"chat_id": ids[-1], "new_chat_id": new_chat_id})
            self._connection.execute(
                _SQL["move"],
                {
                    "chat_id": chat_id,
                    "new_chat_id": new_chat_id,
                    "ids": [*ids, new_chat_id],
                    "id": message and message.id,
                    "fencing_token": message and message.fencing_token,
                    "in_doubt": IN_DOUBT,
                },
            )
        return True

    def postpone(self, message: Leased, wait_s: float) -> None:
        """It is not this chat's turn for `wait_s` seconds."""
        self._execute("postpone", message, wait_s=wait_s)

    def retry(self, message: Leased, wait_s: float, error: str) -> None:
        """Try again after `wait_s` seconds."""
        self._execute("retry", message, wait_s=wait_s, error=error)

    def finish(self, message: Leased, state: str, error: str | None = None) -> None:
        """Set its last state: sent, uncertain or failed."""
        self._execute("finish", message, state=state, error=error)

    def _execute(self, query: str, message: Leased, **parameters: Any) -> Cursor:
        """Run a query about a message, as the sender that was given this lease."""
        known = {"id": message.id, "fencing_token": message.fencing_token}
        return self._connection.execute(_SQL[query], {**known, **parameters})
