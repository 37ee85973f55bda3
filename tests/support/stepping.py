"""A lane of a desk within the test, step by step: updates put into its table, a clock that is set, real servers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from desk.acting import Desk
from desk.actor import Lane
from desk.heard import Heard
from desk.operations.users import add_user
from desk.router import all_commands
from desk.settings import DeskSettings
from signaltape import Emitter, Settings
from sink.db import Connection
from sink.outgoing import emit_committed
from tests.support.desking import ADMIN, TRADER


class Stepped:
    """A desk that acts when it is told to."""

    def __init__(self, settings: Settings, connection: Connection, tape: Emitter) -> None:
        self.now = datetime.now(UTC)
        self.connection = connection
        self.shown: list[str] = []
        #: instead of `now`
        self.clock: Callable[[], datetime] | None = None
        desk_settings = DeskSettings(common=settings, admin_ids=frozenset({ADMIN}))
        self.desk = Desk(
            settings,
            desk_settings,
            all_commands(),
            tape,
            lambda _, ref: self.shown.append(ref),
            self._clock,
        )
        self._numbers = itertools.count(1)

    def lane(self) -> Lane:
        """Another process: it remembers nothing."""
        return Lane(self.desk, threading.Event(), acts=True)

    def say(self, user: int, text: str, *, ago_s: float = 0) -> int:
        """A command that waits."""
        sent_at = self.now - timedelta(seconds=ago_s)
        return self._put("command", user, words=text.removeprefix("/").split(), sent_at=sent_at, named=True)

    def press(self, user: int, data: str, *, chat: int | None = None) -> int:
        """A press that waits."""
        return self._put("press", user, chat=chat, data=data, message_id=1, query_id="1")

    def act(self) -> None:
        """Do all that waits."""
        lane = self.lane()
        while lane.step(self.connection):
            pass
        emit_committed(self.connection, self.desk.tape, "desk")

    def result(self, update_id: int) -> tuple[str, str]:
        """What came of it."""
        query = "SELECT state, result FROM desk_updates WHERE update_id = %s"
        return self.connection.execute(query, (update_id,)).fetchall()[0]

    def answer(self, update_id: int) -> str:
        """What was answered; empty if nothing was."""
        query = "SELECT body FROM outbox WHERE message_key = %s"
        rows = self.connection.execute(query, (f"answer:{update_id}",)).fetchall()
        return str(rows[0][0]) if rows else ""

    def buttons(self, update_id: int) -> list[str]:
        """The data of the buttons of an answer."""
        query = "SELECT keyboard FROM outbox WHERE message_key = %s"
        rows = self.connection.execute(query, (f"answer:{update_id}",)).fetchall()
        return [button["data"] for row in rows[0][0] or [] for button in row]

    def _clock(self) -> datetime:
        return self.clock() if self.clock is not None else self.now

    def _put(self, kind: Any, user: int, *, chat: int | None = None, **said: Any) -> int:
        number = next(self._numbers)
        heard = Heard(number, kind, user, str(chat or user), private=chat is None, **said)
        self.connection.execute(
            "INSERT INTO desk_updates (update_id, update, acts, received_at) VALUES (%s, %s, true, %s)",
            (number, msgspec.json.encode(heard).decode(), self.now),
        )
        return number


@contextmanager
def stepped(settings: Settings, connection: Connection) -> Iterator[Stepped]:
    """One with an admin of the settings, and a trader."""
    add_user(settings, TRADER, "trader", datetime.now(UTC), name="trader")
    with Emitter(settings) as tape:
        yield Stepped(settings, connection, tape)
