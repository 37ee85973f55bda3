"""Who may tell the bot something: entered, shown, taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from desk import users
from desk.asking import ROLES, Role
from desk.router import all_commands
from desk.users import Entry
from signaltape.errors import InvalidRequest, NotFound
from signaltape.settings import Settings
from sink.db import Connection, connect, database_url
from sink.plain_errors import plain_errors

_CHAT = re.compile(r"-?[1-9][0-9]{0,18}(/[1-9][0-9]{0,9})?")
_LAST_USER_ID = 2**52
_LONGEST_NAME = 64
_MOST_CHATS = 50


@plain_errors()
def add_user(
    settings: Settings,
    user_id: int,
    role: Role,
    now: datetime,
    *,
    name: str = "",
    chats: Sequence[str] = (),
    commands: Sequence[str] = (),
    by: str = "shell",
) -> Entry:
    """Enter somebody, or change what they may. chats, commands: none for everywhere, and for all of the role's.

    Raises InvalidRequest.
    """
    entry = Entry(user_id, role, name.strip(), _some(chats), _some(commands), now, by)
    _check(entry)
    with _connected(settings) as connection:
        users.put(connection, entry)
    return entry


@plain_errors()
def list_users(settings: Settings, admins: frozenset[int] = frozenset()) -> list[Entry]:
    """Everybody, the mightiest first. admins: those of TELEGRAM_ADMIN_IDS."""
    with _connected(settings) as connection:
        return users.entries(connection, admins)


@plain_errors()
def remove_user(settings: Settings, user_id: int) -> None:
    """Take somebody out: from the next update on they are nobody. Raises NotFound."""
    with _connected(settings) as connection:
        if not users.remove(connection, user_id):
            raise NotFound(f"there is no user {user_id}: see python -m desk users list")


def _some(values: Sequence[str]) -> list[str] | None:
    return list(dict.fromkeys(one.strip().removeprefix("/") for one in values)) or None


def _check(entry: Entry) -> None:
    if entry.role not in ROLES:
        raise InvalidRequest(f"a role is one of {', '.join(ROLES)}")
    if not 0 < entry.user_id < _LAST_USER_ID:
        raise InvalidRequest("a user is given by the id that Telegram has for them, such as 123456789")
    if len(entry.name) > _LONGEST_NAME or not entry.name.isprintable():
        raise InvalidRequest(f"a name has at most {_LONGEST_NAME} printable characters")
    for chat in entry.chats or ():
        if not _CHAT.fullmatch(chat):
            raise InvalidRequest(
                f"a chat is given by its id, or chat/topic, such as -1001234567890/7, not {chat[:40]!r}"
            )
    if len(entry.chats or ()) > _MOST_CHATS:
        raise InvalidRequest(f"at most {_MOST_CHATS} chats")
    known = all_commands()
    for command in entry.commands or ():
        if command not in known:
            raise InvalidRequest(f"there is no command {command[:40]!r}; there are {', '.join(known)}")


@contextmanager
def _connected(settings: Settings) -> Iterator[Connection]:
    with connect(database_url(settings), name="signaltape-desk-users") as connection:
        yield connection
