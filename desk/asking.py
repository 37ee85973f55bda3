"""What a command is asked, what it answers, and what a command is: the shapes that every handler works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct

from outbox.text import Text

if TYPE_CHECKING:
    from desk.ghosts.commanding import Wanted
    from desk.settings import DeskSettings
    from outbox.keyboard import Keyboard
    from outbox.outbox import File
    from signaltape.settings import Settings
    from sink.db import Connection

#: Each may what those before it may.
Role = Literal["viewer", "trader", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


def reaches(role: Role, needed: Role) -> bool:
    """Whether somebody of `role` may what needs `needed`."""
    return ROLES.index(role) >= ROLES.index(needed)


class User(Struct, frozen=True):
    """Somebody with a role: nobody else is ever asked about. id: of Telegram; name: as entered, or empty."""

    id: int
    role: Role
    name: str = ""


class Asking(Struct, frozen=True):
    """One command as it reaches its handler.

    connection: within the transaction of its update: what the handler writes commits together with its answer.
    args: the words behind the command, as typed; never more than 64, none longer than 64 characters.
    now: when it is handled, aware; asked_at: when it was sent, by Telegram's clock.
    commands: what this user may ask here, in the order of the menu (for /help).
    refreshing: a button of an answer (`p:<command>:<args>`) asks again; the new answer is edited into the old message.
    """

    connection: Connection
    settings: Settings
    desk: DeskSettings
    user: User
    chat_id: str
    thread_id: int | None
    args: list[str]
    now: datetime
    asked_at: datetime
    update_id: int
    commands: Sequence[Command] = ()
    refreshing: bool = False


class Deed(Struct, frozen=True):
    """What an act did, for the audit: from what to what, where that can be said, and what came of it, in one line."""

    result: str
    before: str | None = None
    after: str | None = None


class Answer(Struct, frozen=True):
    """What is answered: one message, or (if it was a refresh) the new content of the message with the button.

    deed: of a command that acts, unless it changed nothing (it only showed how things stand). wanted: of one that acts,
    what it asks of ghosts.
    """

    text: Text
    keyboard: Keyboard | None = None
    files: Sequence[File] = ()
    silent: bool = False
    deed: Deed | None = None
    wanted: Sequence[Wanted] = ()


class Command(Struct, frozen=True):
    """One command of the bot.

    name: without the slash, lower case. role: the least that may ask. help: a line, without full stop, ≤ 60 characters.
    handler: may raise any error of `signaltape.errors`: its line is then the answer (`InvalidRequest` for arguments).
    takes: the arguments as shown in help, such as `[SYM]`. acts: changes something, so it is audited and asked about
    when it comes late. confirms: the question that is asked first, each time; the handler is called once it was
    answered by yes, by the same user, in time.
    """

    name: str
    role: Role
    help: str
    handler: Callable[[Asking], Answer]
    takes: str = ""
    acts: bool = False
    confirms: str = ""


def panel(command: str, *args: str) -> str:
    """The callback data of a button that asks `command` again with these arguments, in place: at most 64 bytes."""
    return f"p:{command}:{' '.join(args)}"
