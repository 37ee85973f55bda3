"""What a button says that was pressed: 64 bytes that anybody may have made up. Pure and total."""

from __future__ import annotations

import re
from typing import Literal, get_args

from msgspec import Struct

#: What can be said of an alert by a press.
AlertWord = Literal["up", "dn", "sn30", "took", "skip", "entry", "lines", "cancel"]
_WORDS: tuple[AlertWord, ...] = get_args(AlertWord)
_REF = re.compile(r"[A-Za-z0-9_]{1,48}")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_CONFIRMATION = re.compile(r"[A-Za-z0-9_-]{16,32}")


class AlertPress(Struct, frozen=True):
    """A button of an alert."""

    ref: str
    word: AlertWord


class PanelPress(Struct, frozen=True):
    """A button of an answer: ask this command again, with these arguments, in place."""

    command: str
    args: list[str]


class ConfirmationPress(Struct, frozen=True):
    """A button of a question."""

    id: str
    yes: bool


Press = AlertPress | PanelPress | ConfirmationPress


def press_of(data: str) -> Press | None:
    """What the data of a button says; None if it is none of ours."""
    kind, _, rest = data.partition(":")
    subject, _, word = rest.partition(":")
    if kind == "a" and _REF.fullmatch(subject):
        return _of_alert(subject, word)
    if kind == "p" and _COMMAND.fullmatch(subject):
        return PanelPress(subject, word.split())
    if kind == "c" and _CONFIRMATION.fullmatch(subject) and word in ("yes", "no"):
        return ConfirmationPress(subject, word == "yes")
    return None


def _of_alert(ref: str, word: str) -> AlertPress | None:
    return next((AlertPress(ref, known) for known in _WORDS if known == word), None)


def confirmation(identifier: str, *, yes: bool) -> str:
    """The data of a button that answers a question."""
    return f"c:{identifier}:{'yes' if yes else 'no'}"
