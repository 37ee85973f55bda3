"""What is shown of a message, read from JSON as the Bot API has it. Pure."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from outbox.keyboard import Keyboard, dumped
from outbox.text import Entity, Text
from signaltape.errors import InvalidRequest

#: As many at once as somebody looks at.
MOST = 100


class Shown(Struct, frozen=True, forbid_unknown_fields=True):
    """A message as somebody sees it.

    reply_to: the text that it replies to; topic: the name of its topic; state: where it stands, if it is in the outbox.
    """

    text: str
    entities: list[Entity] = []
    keyboard: Keyboard = []
    silent: bool = False
    reply_to: str | None = None
    topic: str | None = None
    edited: bool = False
    name: str = ""
    state: str = ""

    @property
    def whole(self) -> Text:
        """Its text with the formatting."""
        return Text(self.text, self.entities)


def read(given: bytes) -> list[Shown]:
    """One message, or a list of them. Raises InvalidRequest, naming the field."""
    try:
        found: Shown | list[Shown] = msgspec.json.decode(given, type=Shown | list[Shown])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"no message in JSON: {error}") from None
    messages = found if isinstance(found, list) else [found]
    if not 0 < len(messages) <= MOST:
        raise InvalidRequest(f"{len(messages)} messages, not 1 to {MOST}")
    try:
        for message in messages:
            dumped(message.keyboard)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
    return messages
