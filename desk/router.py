"""All commands of the bot by name, and which part an update is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from desk.acting import Acting, Outcome
from desk.acts import ACTS
from desk.answers import ANSWERS
from desk.asking import Command
from desk.callbacks import PanelPress, press_of
from desk.commanding import command
from desk.heard import Heard
from desk.pressing import press, reaction

_PARTS: dict[str, Callable[[Acting], Outcome]] = {"command": command, "press": press, "reaction": reaction}


def by_name(commands: Iterable[Command]) -> Mapping[str, Command]:
    """Commands by their names. Raises ValueError where two have one."""
    named: dict[str, Command] = {}
    for one in commands:
        if named.setdefault(one.name, one) is not one:
            raise ValueError(f"two commands are called /{one.name}")
    return named


def all_commands() -> Mapping[str, Command]:
    """What this bot can be asked, in the order of its menu."""
    return by_name([*ANSWERS, *ACTS])


def acts(commands: Mapping[str, Command], heard: Heard) -> bool:
    """Whether an update may change something: then it is done in its turn, and by one desk at a time."""
    if heard.kind == "command":
        wanted = commands.get(heard.words[0])
        return wanted is not None and wanted.acts
    return not isinstance(press_of(heard.data), PanelPress) if heard.kind == "press" else True


def act(acting: Acting) -> Outcome:
    """Do what an update asks for."""
    return _PARTS[acting.heard.kind](acting)
