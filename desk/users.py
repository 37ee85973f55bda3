"""Who may tell the bot what, and where: nobody, but those who were entered, and the admins of the settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from desk.asking import Command, Role, User, reaches
from sink.db import Connection, rows_as_dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "users.sql")


class Entry(Struct, frozen=True):
    """A person with a role. chats: where (None: everywhere); commands: which of the role's (None: all)."""

    user_id: int
    role: Role
    name: str = ""
    chats: Sequence[str] | None = None
    commands: Sequence[str] | None = None
    added_at: datetime | None = None
    added_by: str = ""

    @property
    def user(self) -> User:
        """As a handler sees it."""
        return User(self.user_id, self.role, self.name)

    def is_heard(self, chat_ids: Sequence[str], thread_id: int | None) -> bool:
        """Whether the person may say anything here. A chat's own entry lets them speak in all of its topics.

        chat_ids: all that this chat has been called.
        """
        here = {*chat_ids, *(f"{one}/{thread_id}" for one in chat_ids)}
        return self.chats is None or bool(here & set(self.chats))

    def may(self, command: Command) -> bool:
        """Whether the command is one of theirs."""
        return reaches(self.role, command.role) and (self.commands is None or command.name in self.commands)


def entry_of(connection: Connection, admins: frozenset[int], user_id: int) -> Entry | None:
    """The entry of a person; None if there is none. admins: those who are it whatever the table says."""
    rows = rows_as_dicts(connection, _SQL["find"], {"user_id": user_id})
    if user_id in admins:
        return Entry(user_id, "admin", rows[0]["name"] if rows else "")
    return Entry(**rows[0]) if rows else None


def entries(connection: Connection, admins: frozenset[int]) -> list[Entry]:
    """Everybody, the mightiest first."""
    stored = [Entry(**row) for row in rows_as_dicts(connection, _SQL["list"])]
    always = [Entry(one, "admin", added_by="TELEGRAM_ADMIN_IDS") for one in sorted(admins)]
    return [*always, *(one for one in stored if one.user_id not in admins)]


def put(connection: Connection, entry: Entry) -> None:
    """Enter somebody, or change what they may."""
    asked = {
        "user_id": entry.user_id,
        "role": entry.role,
        "name": entry.name,
        "chats": entry.chats and list(entry.chats),
        "commands": entry.commands and list(entry.commands),
        "at": entry.added_at,
        "by": entry.added_by,
    }
    connection.execute(_SQL["put"], asked)


def remove(connection: Connection, user_id: int) -> bool:
    """Take somebody out. False if they were not in."""
    return connection.execute(_SQL["remove"], {"user_id": user_id}).fetchone() is not None
