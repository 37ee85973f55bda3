"""What every part of an act works with: the update, who sent it, its transaction; and what can come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from desk.asking import Answer, Command
from desk.heard import Heard
from desk.settings import ROOM, DeskSettings
from desk.users import Entry
from outbox.keyboard import Keyboard
from outbox.outbox import Outbox
from outbox.policies import ANSWER
from outbox.text import Text
from signaltape.emitter import Emitter
from signaltape.settings import Settings
from sink.db import Connection
from sink.outgoing import Committing

#: An answer that could not be sent for so long is none any more.
ANSWER_LIFE = timedelta(minutes=10)
#: An act that is older when it is its turn is asked about, not done.
STALE_AFTER = timedelta(seconds=60)


class Desk(Struct, frozen=True):
    """What is the same for every update.

    commands: by name; tape: where acts are written down; show: shows an alert anew, by its reference.
    """

    settings: Settings
    desk: DeskSettings
    commands: Mapping[str, Command]
    tape: Emitter
    show: Callable[[Connection, str], object]
    clock: Callable[[], datetime]


class Acting(Struct, frozen=True):
    """One update on its way. connection: in its transaction; now: when it is acted on."""

    at: Desk
    connection: Connection
    heard: Heard
    entry: Entry
    received_at: datetime
    now: datetime

    @property
    def tape(self) -> Committing:
        """Where records of this transaction go, once it is committed."""
        return Committing(self.connection, self.at.tape, ROOM)

    @property
    def outbox(self) -> Outbox:
        """The outbox, within the transaction."""
        return Outbox(self.connection)


class Outcome(NamedTuple):
    """What came of an update, as it is kept."""

    state: Literal["done", "asked", "ignored"]
    result: str


def answer_key(update_id: int) -> str:
    """The key of the message that answers an update."""
    return f"answer:{update_id}"


def say(acting: Acting, answer: Answer) -> None:
    """Answer where it was asked. What is sent goes out once the transaction has committed."""
    acting.outbox.enqueue(
        answer_key(acting.heard.update_id),
        acting.heard.chat_id,
        answer.text,
        acting.now + ANSWER_LIFE,
        files=answer.files,
        kind=ANSWER,
        keyboard=answer.keyboard,
        silent=answer.silent,
        thread_id=acting.heard.thread_id,
    )


def say_line(acting: Acting, line: str, keyboard: Keyboard | None = None) -> None:
    """Answer with one line."""
    say(acting, Answer(Text(line), keyboard))
