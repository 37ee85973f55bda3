"""/help: what this user may ask here, the commands that only read apart from those that act."""

from __future__ import annotations

from collections.abc import Sequence

from desk.answers.answering import button, rows_of
from desk.answers.page import Page, name
from desk.asking import Answer, Asking, Command, User
from outbox.text import Text

COMMAND = "help"
#: Buttons of those that need no argument.
_MENU = {
    "status": "Status",
    "score": "Score",
    "signals": "Signals",
    "pnl": "PnL",
    "held": "Held",
    "alpha": "Alpha",
}


def help_(asking: Asking) -> Answer:
    """The commands of this user."""
    names = {one.name for one in asking.commands}
    menu = [button(text, one) for one, text in _MENU.items() if one in names]
    return Answer(told(asking.commands, asking.user), rows_of(menu) or None)


def told(commands: Sequence[Command], user: User) -> Text:
    """The answer."""
    page = Page(f"Commands · {name(user.role, 12)}")
    for one in commands:
        if not one.acts:
            page.line(_line(one))
    acting = [_line(one) for one in commands if one.acts]
    return page.quote("What acts", acting).build()


def _line(one: Command) -> str:
    return f"/{one.name} {one.takes}".rstrip() + f": {one.help}"
