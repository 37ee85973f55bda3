"""Who guards the guard: that it evaluates nothing any more is told once, and once more when one does again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from desk.ages import clock_time, since
from desk.settings import DeskSettings
from outbox.chats import tell_all
from outbox.outbox import Outbox
from outbox.text import Text, TextBuilder
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from sink.db import Connection, DatabaseError, connect, database_url
from sink.queries import load

log = logging.getLogger("desk")
_SQL = load(Path(__file__).parent / "sql" / "guard.sql")

#: A guard that has evaluated nothing for so long, while the desk looked on, is not at work.
SILENT_S = 60.0
_LOOK_EVERY_S = 5.0
#: Between two looks, at most: whoever did not look for longer may have stood still together with the guard.
_MOST_BETWEEN_S = 30.0
_OF_USE = timedelta(hours=6)
_HEALTH = "health"


class Silence:
    """For how long the desk itself has seen nothing new. What it did not look at, it cannot tell."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: datetime | None = None
        self._seen_at = self._looked_at = 0.0

    def lasts_s(self, evaluated_at: datetime) -> float:
        """Seconds since the last evaluation was first seen to be that one."""
        now_s = self._monotonic()
        if evaluated_at != self._last or now_s - self._looked_at > _MOST_BETWEEN_S:
            self._last, self._seen_at = evaluated_at, now_s
        self._looked_at = now_s
        return now_s - self._seen_at

    def forget(self) -> None:
        """Nothing could be looked at for a while."""
        self._last = None


class GuardWatch:
    """Looks every few seconds, in a thread of its own. silent_s: how long is too long."""

    def __init__(self, desk: DeskSettings, silent_s: float = SILENT_S) -> None:
        self._desk, self._silent_s = desk, silent_s
        self._chats = tuple(chat for chat in desk.alert_chats if chat.takes(_HEALTH))
        self._silence, self._notices = Silence(), Notices()

    def run(self, stop: threading.Event, clock: Callable[[], datetime]) -> None:
        """Until stopped; while Postgres is away nothing is known of a guard, and nothing told."""
        while not stop.is_set():
            try:
                with connect(database_url(self._desk.common), name="signaltape-desk-guard") as connection:
                    while not stop.wait(min(_LOOK_EVERY_S, self._silent_s / 4)):
                        self.look(connection, clock())
            except DatabaseError as error:
                self._notices.say("guard", f"Postgres is away, the guard cannot be seen: {one_line(error)}")
            except Exception:
                log.exception("the guard is not looked at, trying again")
            self._silence.forget()
            stop.wait(_LOOK_EVERY_S)

    def look(self, connection: Connection, now: datetime) -> None:
        """Look once, and tell what is new. Raises DatabaseError."""
        row = connection.execute(_SQL["state"]).fetchone()
        if row is None:  # there never was one
            return
        evaluated_at, by = row
        is_silent = self._silence.lasts_s(evaluated_at) >= self._silent_s
        with connection.transaction():
            if is_silent:
                asked = {"since": evaluated_at, "by": by}
                if connection.execute(_SQL["silent"], asked).fetchone():
                    self._tell(connection, "silent", evaluated_at, silent_text(by, evaluated_at, now), now)
                return
            for began, who in connection.execute(_SQL["back"]).fetchall():
                self._tell(connection, "back", began, back_text(who, by, began, now), now)

    def _tell(self, connection: Connection, what: str, began: datetime, text: Text, now: datetime) -> None:
        key = f"guard-{what}:{began.timestamp():.6f}"
        tell_all(Outbox(connection), self._chats, key, text, now + _OF_USE, ref="guard")


def silent_text(by: str, evaluated_at: datetime, now: datetime) -> Text:
    """Nothing is watched any more."""
    text = (
        TextBuilder()
        .line("🩺 The guard is silent: nothing is watched", "bold")
        .add("It was ")
        .line(by, "code")
    )
    text.line(f"Last look {since(evaluated_at, now)}")
    text.line("What is slow, late or broken from now on is not told.")
    return text.line("Start python -m guard again; read the end of its log first.").build()


def back_text(was: str, by: str, began: datetime, now: datetime) -> Text:
    """One is at work again."""
    text = TextBuilder().line("🩺 Over · The guard is back", "bold").add("It is ").line(by, "code")
    text.add("Nothing was watched from ").add(f"{clock_time(began)} to {clock_time(now)}")
    return (text.line() if was == by else text.add(", when it was ").line(was, "code")).build()
