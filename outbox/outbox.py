"""The outbox: every message to Telegram goes through this table, once per key. Here it is put in, and looked at.

The sender's side of the table is `outbox.leases`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from outbox.keyboard import Button, dumped
from outbox.marking import parts_of, ref_in
from outbox.text import Text
from sink.db import Connection, rows_as_dicts, snapshot
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "outbox.sql")
_EDITS = load(Path(__file__).parent / "sql" / "edits.sql")
#: What a message is that is sent as a stub and then filled; the other kinds are in `outbox.policies`.
REPORT = "report"


class File(NamedTuple):
    """A picture (`photo`) or document that follows a message as a reply."""

    kind: str
    name: str
    content: bytes


class Told(NamedTuple):
    """What a message tells of a week: reported once it was sent. bins: JSON, as `weekly_scorecard.bins`."""

    monday: date
    bins: str


class Outbox:
    """The table, as those use it who put messages in, look at them and resend. Every method is one transaction.

    connection: in autocommit mode.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enqueue(
        self,
        key: str,
        chat_id: str,
        text: Text,
        not_after: datetime,
        files: Sequence[File] = (),
        told: Told | None = None,
        kind: str = REPORT,
        *,
        keyboard: Sequence[Sequence[Button]] | None = None,
        silent: bool = False,
        reply_to: str | None = None,
        thread_id: int | None = None,
        ref: str | None = None,
    ) -> bool:
        """Put a message in, with the files that follow it. False if one of this key is on its way or sent.

        kind: of `outbox.policies`, how it is sent; keyboard: below its last part; silent: without a sound; reply_to:
        the key of a message in the table, which it waits for and ends with; thread_id: a topic of the group; ref: its
        name where it may repeat itself, else what its key says (`alert:<ref>:<chat>`).
        Raises ValueError where the keyboard is none, or there is no message of the key `reply_to`.
        """
        buttons = dumped(keyboard)
        ref = ref or ref_in(key)
        with self._connection.transaction():
            if reply_to is not None and self.state(reply_to) is None:
                raise ValueError(f"reply_to: there is no message {reply_to}")
            row = self._connection.execute(
                _SQL["enqueue"],
                {
                    "message_key": key,
                    "kind": kind,
                    "chat_id": chat_id,
                    **_body(text),
                    "parts": len(parts_of(text, ref, kind != REPORT)),
                    "not_after": not_after,
                    "told_week": told and told.monday,
                    "told": told and told.bins,
                    "keyboard": buttons,
                    "silent": silent,
                    "reply_to": reply_to,
                    "thread_id": thread_id,
                    "ref": ref,
                },
            ).fetchone()
            if row is None:
                return False
            self._connection.execute(_SQL["clear_files"], {"id": row[0]})
            for position, file in enumerate(files):
                self._connection.execute(
                    _SQL["add_file"], {"id": row[0], "position": position, **file._asdict()}
                )
            self._connection.execute(_SQL["notify"])
        return True

    def edit(
        self,
        key: str,
        text: Text,
        keyboard: Sequence[Sequence[Button]] | None = None,
        *,
        not_after: datetime,
    ) -> bool:
        """Say what a message is to become, text and buttons as a whole; without a keyboard it has no buttons any more.

        It is sent once the message itself is. A newer edit takes the place of an older one, and is the last that is
        sent; the same again changes nothing. What is too long for the messages that stand is cut.
        False if there is no such message, or it ended without being sent; of one that is uncertain more may be known
        later. Raises ValueError where the keyboard is none.
        """
        asked = {"message_key": key, **_body(text), "keyboard": dumped(keyboard), "not_after": not_after}
        with self._connection.transaction():
            row = self._connection.execute(_EDITS["edit"], asked).fetchone()
            if row is not None:
                self._connection.execute(_SQL["notify"])
        return row is not None

    def edit_state(self, key: str) -> tuple[str, str | None] | None:
        """Where the newest edit of a message stands, and its last error; None if it was never edited."""
        row = self._connection.execute(_EDITS["edit_state"], {"message_key": key}).fetchone()
        return (row[0], row[1]) if row else None

    def message_of(self, chat_id: str, message_id: int) -> str | None:
        """The key of the message that has this number in a chat; None if it is none of ours, or was never known."""
        asked = {"chat_id": chat_id, "message_id": message_id}
        row = self._connection.execute(_SQL["message_of"], asked).fetchone()
        return row[0] if row else None

    def sent_at(self, key: str) -> datetime | None:
        """When the message of this key was first known to stand in its chat, by Postgres's clock; None if never."""
        row = self._connection.execute(_SQL["sent_at"], {"message_key": key}).fetchone()
        return row[0] if row else None

    def state(self, key: str) -> tuple[str, str | None] | None:
        """Where the message of this key stands, and its last error; None if there is none."""
        row = self._connection.execute(_SQL["state"], {"message_key": key}).fetchone()
        return (row[0], row[1]) if row else None

    def listed(self, limit: int, below: int | None = None, state: str | None = None) -> list[dict[str, Any]]:
        """Messages with their states, newest first. below: the last id of the page before; state: only these."""
        asked = {"limit": limit, "below": below, "state": state}
        return rows_as_dicts(self._connection, _SQL["list"], asked)

    def states(self) -> dict[str, int]:
        """How many messages are in which state."""
        return dict(self._connection.execute(_SQL["states"]).fetchall())

    def whole(self, number: int) -> dict[str, Any] | None:
        """One message with its text and its files (without their content); None if it is not there."""
        with snapshot(self._connection):
            rows = rows_as_dicts(self._connection, _SQL["whole"], {"id": number})
            files = rows_as_dicts(self._connection, _SQL["all_files"], {"id": number})
        return {**rows[0], "files": files} if rows else None

    def shown(self, number: int) -> dict[str, Any] | None:
        """One message as it is to stand in its chat, for a preview; None if it is not there."""
        rows = rows_as_dicts(self._connection, _SQL["shown"], {"id": number})
        return rows[0] if rows else None

    def resend(self, number: int, not_after: datetime) -> bool:
        """Give a message that is uncertain, failed or expired another chance, or files that were not sent.

        False if it is in no such state. A stub that stands in the chat is filled, no other is sent. Of a message that
        has none the part that may stand there is sent again: a person has looked.
        """
        with self._connection.transaction():
            row = self._connection.execute(_SQL["resend"], {"id": number, "not_after": not_after}).fetchone()
            if row is not None:
                self._connection.execute(_SQL["notify"])
        return row is not None

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """One transaction within which no chat moves: what is asked inside still holds where a message is put in."""
        with self._connection.transaction():
            self._connection.execute(_SQL["hold_moves"])
            yield

    def groups_given(self, key_begins: str, chat_id: str) -> list[str]:
        """Groups that are not known to have moved, and were given a message whose key begins so: newest first, a few.

        None where chat_id cannot have been one of them, for it is no supergroup.
        """
        asked = {"key_begins": key_begins, "chat_id": chat_id}
        return [row[0] for row in self._connection.execute(_SQL["groups_given"], asked).fetchall()]

    def note_move(self, chat_id: str, new_chat_id: str) -> str:
        """A group has become a supergroup: its id, by what was said first."""
        asked = {"chat_id": chat_id, "new_chat_id": new_chat_id}
        row = self._connection.execute(_SQL["note_move"], asked).fetchone()
        assert row is not None
        return str(row[0])

    def ids_of(self, chat_id: str) -> list[str]:
        """All ids that a chat had and has, the oldest first: messages go to the last, keys are made of the first."""
        return [row[0] for row in self._connection.execute(_SQL["ids"], {"chat_id": chat_id}).fetchall()]


def _body(text: Text) -> dict[str, str]:
    return {"body": text.text, "entities": msgspec.json.encode(text.entities).decode()}
