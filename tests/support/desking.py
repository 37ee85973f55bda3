"""A desk against a local Bot API: started, killed, asked; and what came of it, as the tables say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from desk.operations.users import add_user
from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Process, Runner
from tests.support.botapi import TOKEN
from tests.support.botapi_updates import UpdatesServer, updates_server
from tests.support.waiting import LONGEST_S, eventually

ADMIN, TRADER, VIEWER, STRANGER = 101, 102, 103, 999


class Bot:
    """What a test does with a desk."""

    def __init__(self, server: UpdatesServer, runner: Runner, connection: Connection) -> None:
        self.server = server
        self._runner, self._connection = runner, connection
        self.desk: Process | None = None
        self._desks: list[Process] = []

    def start(self, **changes: str) -> Process:
        """Start one; it hears by now, so that what is said is not late because it took long to begin."""
        polls = self.server.polls
        desk = self.begin(**changes)
        if "SIGNALTAPE_WEBHOOK_URL" not in changes:
            eventually(lambda: self.server.polls > polls, 120)
        return desk

    def begin(self, **changes: str) -> Process:
        """Start one that may not live until it hears."""
        environment = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_CHAT_ID": str(ADMIN),
            "TELEGRAM_API_BASE": self.server.base,
            "TELEGRAM_ADMIN_IDS": str(ADMIN),
            **changes,
        }
        self.desk = self._runner.start("desk", **environment)
        self._desks.append(self.desk)
        return self.desk

    def kill(self) -> None:
        """kill -9."""
        assert self.desk is not None
        self.desk.popen.kill()
        self.desk.popen.wait(LONGEST_S)

    def end_all(self) -> None:
        """None is left that would connect to a server which is just ending."""
        for desk in self._desks:
            desk.end()

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Ask the tables."""
        return self._connection.execute(query, values).fetchall()

    def result(self, update_id: int, timeout: float = 90) -> tuple[str, str]:
        """What came of an update, once something has."""
        query = "SELECT state, result FROM desk_updates WHERE update_id = %s AND state <> 'waiting'"
        rows = eventually(lambda: self.rows(query, update_id), timeout)
        return rows[0]  # type: ignore[no-any-return]

    def answer(self, update_id: int) -> str:
        """What was answered, whether sent already or not; empty if nothing was."""
        rows = self.rows("SELECT body FROM outbox WHERE message_key = %s", f"answer:{update_id}")
        return rows[0][0] if rows else ""

    def buttons(self, update_id: int) -> list[str]:
        """The data of the buttons of an answer."""
        rows = self.rows("SELECT keyboard FROM outbox WHERE message_key = %s", f"answer:{update_id}")
        return [button["data"] for row in rows[0][0] or [] for button in row]

    def message_id(self, update_id: int) -> int:
        """The message of an answer, once it stands in its chat."""
        query = "SELECT message_ids[1] FROM outbox WHERE message_key = %s AND state = 'sent'"
        return int(eventually(lambda: self.rows(query, f"answer:{update_id}"), 60)[0][0])

    def refused(self) -> dict[str, int]:
        """How many updates nothing was done about, by reason."""
        return dict(self.rows("SELECT reason, sum(n)::bigint FROM desk_refused GROUP BY 1"))

    def ask(self, user: int, text: str, **how: Any) -> str:
        """Say something, and give what is answered to it."""
        number = self.server.say(user, text, **how)
        self.result(number)
        return self.answer(number)


@contextmanager
def bot_of(runner: Runner, connection: Connection, settings: Settings) -> Iterator[Bot]:
    """A bot with an admin of the settings, a trader and a viewer; no desk runs yet."""
    for user, role in ((TRADER, "trader"), (VIEWER, "viewer")):
        add_user(settings, user, role, datetime.now(UTC), name=role)  # type: ignore[arg-type]
    with updates_server() as server:
        bot = Bot(server, runner, connection)
        try:
            yield bot
        finally:
            bot.end_all()
