"""What the guard reads from the environment besides the settings of every process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from msgspec import Struct

from guard.model.rules import Rules
from guard.rules_file import rules_in_force
from outbox.chats import CHAT_PATTERN
from signaltape.errors import SettingsError
from signaltape.settings import Settings, variable

#: Whose records these are, on their way to the tape.
ROOM = "guard"

CHATS = "SIGNALTAPE_GUARD_CHATS"
PROCESSES, EVERY = "SIGNALTAPE_GUARD_PROCESSES", "SIGNALTAPE_GUARD_EVERY_S"
CHAT = "TELEGRAM_CHAT_ID"
#: What is read here besides the common ones.
VARIABLES = (CHATS, PROCESSES, EVERY)

_MOST_CHATS = 20
_MOST_ROLES = 50
#: More often the checks would cost more than what they watch; less often an alert of a minute would be missed.
_LEAST_S, _MOST_S = 0.2, 30.0
_CHAT = re.compile(CHAT_PATTERN)
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class Chat(Struct, frozen=True):
    """Where alerts go. thread_id: a topic of the group."""

    chat_id: str
    thread_id: int | None = None


class GuardSettings(Struct, frozen=True, kw_only=True):
    """By which rules, how often, and who is told.

    chats: empty: nobody is told, and alerts stand in the tables alone. processes: roles that must be there whatever was
    seen; others are expected once they were seen. every_s: between two evaluations.
    """

    common: Settings
    rules: Rules
    chats: tuple[Chat, ...] = ()
    processes: tuple[str, ...] = ()
    every_s: float = 10.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> GuardSettings:
        """Read `environ` (default: this process's environment). An empty variable counts as not set.

        Raises SettingsError, naming the variable; of the rules' file, rule and field too.
        """
        source = os.environ if environ is None else environ
        chats = CHATS if variable(source, CHATS) else CHAT
        return cls(
            common=Settings.from_env(source),
            rules=rules_in_force(source),
            chats=_read_chats(chats, variable(source, chats)),
            processes=_read_roles(variable(source, PROCESSES)),
            every_s=_read_seconds(variable(source, EVERY) or "10"),
        )


def _read_chats(name: str, text: str) -> tuple[Chat, ...]:
    """`CHAT[/TOPIC]`, with commas between."""
    chats = tuple(_chat(name, one.strip()) for one in text.split(",") if one.strip())
    if len(set(chats)) != len(chats) or len(chats) > _MOST_CHATS:
        raise SettingsError(f"{name} must name at most {_MOST_CHATS} chats, each once, got {text!r}")
    return chats


def _chat(name: str, text: str) -> Chat:
    found = _CHAT.fullmatch(text)
    if found is None:
        raise SettingsError(f"{name} must be chats such as -1001234567890 or -1001234567890/7, got {text!r}")
    return Chat(found[1], int(found[2]) if found[2] else None)


def _read_roles(text: str) -> tuple[str, ...]:
    roles = tuple(one.strip() for one in text.split(",") if one.strip())
    if len(roles) > _MOST_ROLES or not all(map(_ROLE.fullmatch, roles)):
        raise SettingsError(f"{PROCESSES} must be roles such as worker,archiver, got {text!r}")
    return tuple(dict.fromkeys(roles))


def _read_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not _LEAST_S <= seconds <= _MOST_S:
        raise SettingsError(f"{EVERY} must be seconds from {_LEAST_S} to {_MOST_S:.0f}, got {text!r}")
    return seconds
