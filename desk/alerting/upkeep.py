"""What comes with time and not with an event.

Alerts that expire untouched, digests of what was held back, and lives that the stream did not tell.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from desk.alerting.digest import EVERY, USE, Held, digest, key_of, keys_between
from desk.alerting.following import Following
from desk.alerting.rows import SQL, alone
from desk.alerting.said import say, say_sent_after_all
from desk.alerting.unsent import note_doubt, note_sent_after_all, note_unsent, noted_before
from outbox.outbox import Outbox
from outbox.policies import ANSWER
from signaltape.emitter import Emitter
from signaltape.plain_errors import one_line
from signaltape.settings import Secret
from signaltape.shipping.backoff import Backoff
from sink.db import Connection, DatabaseError, connect

log = logging.getLogger("desk")

TICK_S = 2.0
#: The tables are asked so often what became of signals, and of messages.
_LOOK_EVERY_S = 60.0
#: What has not ended after so long is not asked for any more.
_FOLLOWED = timedelta(days=7)
_FORGOTTEN_AFTER = timedelta(days=31)
#: What was held so long ago is not named by another digest.
_TOLD_AGAIN = timedelta(days=2)
#: Alerts that end at once, in one transaction.
_AT_ONCE = 100
_MOST_IDLE_S = 60.0


class Upkeep:
    """Runs in a thread of its own. following: edits the messages of an alert; tape: is told of what was not sent."""

    def __init__(self, database: Secret, following: Following, tape: Emitter) -> None:
        self._database = database
        self._following = following
        self._tape = tape
        self._looked_at = float("-inf")
        #: sources of alerts that were not sent, and the tape may not know; None: those of the process before, too
        self._unsaid: list[str] | None = None

    def run(self, stop: threading.Event) -> None:
        """Until stopped, whatever becomes of Postgres."""
        backoff = Backoff()
        while not stop.is_set():
            try:
                with closing(
                    connect(self._database, name="signaltape-desk-upkeep", most_idle_s=_MOST_IDLE_S)
                ) as connection:
                    self._run(connection, stop, backoff)
            except DatabaseError as error:
                wait_s = backoff.next_s()
                log.warning("Postgres does not answer, trying again in %.1f s: %s", wait_s, one_line(error))
                stop.wait(wait_s)
            except Exception:  # the next round must come
                log.exception("alerts that expired, and digests, are looked at again later")
                stop.wait(backoff.next_s())

    def once(self) -> None:
        """All that is due now. Raises DatabaseError."""
        with closing(connect(self._database, name="signaltape-desk-upkeep")) as connection:
            self.tick(connection)

    def _run(self, connection: Connection, stop: threading.Event, backoff: Backoff) -> None:
        while not stop.is_set():
            self.tick(connection)
            backoff.reset()
            stop.wait(TICK_S)

    def tick(self, connection: Connection) -> None:
        """All that is due, each in a transaction of its own."""
        while self._in_turn(connection, self._expire) == _AT_ONCE:
            pass
        if time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            self._looked_at = time.monotonic()
            self._in_turn(connection, self._sent_after_all)
            self._in_turn(connection, self._learn)
            self._note_unsent(connection)
            self._in_turn(connection, note_doubt)
            self._in_turn(connection, untell)
        self._in_turn(connection, tell)

    def _in_turn(self, connection: Connection, work: Callable[[Connection, datetime], int]) -> int:
        with connection.transaction():
            return work(connection, alone(connection))

    def _expire(self, connection: Connection, now: datetime) -> int:
        """Look at alerts whose time is over: those that nothing became of say so."""
        ended = connection.execute(SQL["ended"], {"now": now, "limit": _AT_ONCE}).fetchall()
        for (ref_id,) in sorted(ended):
            self._following.show_if_possible(connection, ref_id)
        return len(ended)

    def _note_unsent(self, connection: Connection) -> None:
        with connection.transaction():
            now = alone(connection)
            if self._unsaid is None:
                self._unsaid = noted_before(connection, now)
            self._unsaid += note_unsent(connection, now)
        say(connection, self._tape, self._unsaid)
        self._unsaid.clear()

    def _sent_after_all(self, connection: Connection, now: datetime) -> int:
        """What a person had sent again is followed, from what became of it meanwhile on."""
        found = note_sent_after_all(connection, now)
        self._following.learn(connection, found.signal_ids)
        for ref_id in found.refs:
            self._following.show_if_possible(connection, ref_id)
        say_sent_after_all(connection, self._tape, found.sources)
        return len(found.refs)

    def _learn(self, connection: Connection, now: datetime) -> int:
        """What the worker stored, and the desk's group was not told: it was away for long, or let go."""
        rows = connection.execute(SQL["followed"], {"since": now - _FOLLOWED}).fetchall()
        learned = self._following.learn(connection, [row[0] for row in rows])
        connection.execute(SQL["forget"], {"before": now - _FORGOTTEN_AFTER})
        return self._following.follow(connection, learned)


def untell(connection: Connection, now: datetime) -> int:
    """What digests named that nobody was sent is to be named again; in how many chats of how many alerts."""
    since = now - _TOLD_AGAIN
    first, last = keys_between(since, now - EVERY)
    return connection.execute(SQL["untold"], {"first": first, "last": last, "since": since}).rowcount


def tell(connection: Connection, now: datetime) -> int:
    """Put a digest into the outbox for each chat where something was held back; how many. What was told is not told
    again: both is committed together."""
    chats = connection.execute(SQL["to_tell"], {"last": now - EVERY, "now": now}).fetchall()
    for (chat_id,) in chats:
        rows = connection.execute(SQL["tell"], {"chat_id": chat_id, "now": now}).fetchall()
        held = [Held(reason, count, since) for reason, count, since, _ in rows]
        outbox = Outbox(connection)
        outbox.enqueue(
            key_of(chat_id, now), outbox.ids_of(chat_id)[-1], digest(held, now), now + USE,
            kind=ANSWER, silent=True, thread_id=rows[0][3],
        )  # fmt: skip
    return len(chats)
