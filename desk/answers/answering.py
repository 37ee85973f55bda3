"""What all answers share: a button asks again in place; a server that is away is said, with a button to try again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from desk.answers.page import Page
from desk.asking import Answer, Asking, panel
from outbox.keyboard import Button, Keyboard
from outbox.wording import moment
from signaltape.errors import InvalidRequest, Unavailable

#: Of a button (Bot API).
_MOST_BYTES = 64
_IN_A_ROW = 3
Handler = Callable[[Asking], Answer]


def button(text: str, command: str, *args: str) -> Button:
    """A button that asks a command again, in the place of the answer it stands under."""
    return Button(text, panel(command, *args))


def rows_of(buttons: list[Button]) -> Keyboard:
    """Buttons in rows of three."""
    return [buttons[at : at + _IN_A_ROW] for at in range(0, len(buttons), _IN_A_ROW)]


def as_of(now: datetime) -> str:
    """When an answer was true: it may be asked again in place."""
    return f"As of {moment(now, now)} WIB"


def wrong(usage: str, example: str) -> InvalidRequest:
    """What is said to arguments that mean nothing."""
    return InvalidRequest(f"{usage}, such as {example}")


def said_if_away(command: str, handler: Handler) -> Handler:
    """A handler that says which server is away, and can be asked again where it stands."""

    def handle(asking: Asking) -> Answer:
        try:
            return handler(asking)
        except Unavailable as error:
            return Answer(away(command, str(error)).build(), _again(command, asking.args))

    return handle


def away(command: str, reason: str) -> Page:
    """What is said in the place of an answer that cannot be had."""
    return Page(f"/{command} · not now").line(f"{reason}.")


def _again(command: str, args: list[str]) -> Keyboard | None:
    data = panel(command, *args)
    return (
        [[Button("Try again", data)]] if len(data.encode("utf-8", "surrogatepass")) <= _MOST_BYTES else None
    )
