"""The actor: takes up the updates that wait, each in one transaction with all that comes of it.

Two lanes, each a thread with a session of its own: what acts is done one after another in the order of Telegram's
numbers, by one desk at a time; what only asks does not wait for it, and a picture that takes seconds holds up no panic.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from contextlib import closing
from functools import partial

from desk.acting import Desk, Outcome
from desk.admitting import admitted
from desk.feedback.telling import tell, tell_again
from desk.giving_up import answer_given_up, given_up
from desk.router import act
from desk.settings import ROOM
from desk.updates import SQL, Waiting, my_turn, next_waiting
from signaltape.errors import Unavailable
from signaltape.failpoints import failpoint
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.shipping.backoff import Backoff
from sink.db import CONNECTION_ERRORS, Connection, connect, database_url
from sink.outgoing import emit_committed

log = logging.getLogger("desk")

#: Another process may have stored something: nobody tells this one.
LOOK_EVERY_S = 0.5
#: A desk that froze amid an act loses its turn after so long.
_MOST_IDLE_S = 30.0
#: So often an update is tried whose transaction fails though Postgres is there.
_MOST_TRIES = 3


class Lane:
    """One of the two. wake: to be set when something was stored."""

    def __init__(self, desk: Desk, stop: threading.Event, *, acts: bool) -> None:
        self.wake = threading.Event()
        self._desk, self._stop, self._acts = desk, stop, acts
        self._tries: Counter[int] = Counter()
        #: whether there may be one that was given up without an answer
        self._owes = True
        self._notices = Notices()
        self._backoff = Backoff()

    def run(self) -> None:
        """Work until `stop` is set, whatever is away meanwhile."""
        while not self._stop.is_set():
            try:
                with closing(self._connect()) as connection:
                    self._work(connection)
            except (*CONNECTION_ERRORS, Unavailable) as error:
                self._notices.say("Postgres", f"Postgres is away, commands wait: {one_line(error)}")
                self._stop.wait(self._backoff.next_s())
            except Exception:
                log.exception("commands are not worked on, trying again")
                self._stop.wait(self._backoff.next_s())

    def step(self, connection: Connection) -> bool:
        """Work on one update. False if none waits, or it is another desk's turn. Raises CONNECTION_ERRORS."""
        with connection.transaction():
            if self._acts and not my_turn(connection):
                return False
            waiting = next_waiting(connection, acts=self._acts)
            if waiting is None:
                return False
            outcome = self._outcome(connection, waiting)
            failpoint("desk.before_done")
            done = {**outcome._asdict(), "update_id": waiting.update_id, "at": self._desk.clock()}
            connection.execute(SQL["done"], done)
            failpoint("desk.before_commit")
        failpoint("desk.after_commit")
        tell(connection, self._desk.tape, waiting.update_id)
        log.info("update %s: %s, %s", waiting.update_id, outcome.state, outcome.result)
        return True

    def answer_given_up(self, connection: Connection) -> None:
        """Say what did not work, where that was not said yet: by this process, or the one before."""
        if self._owes:
            complain = partial(self._notices.say, "given up")
            self._owes = not answer_given_up(self._desk, connection, complain, acts=self._acts)

    def _connect(self) -> Connection:
        return connect(database_url(self._desk.settings), name="signaltape-desk", most_idle_s=_MOST_IDLE_S)

    def _work(self, connection: Connection) -> None:
        tell_again(connection, self._desk.tape)
        while not self._stop.is_set():
            self.wake.clear()
            did = self.step(connection)
            self.answer_given_up(connection)
            if self._acts:
                emit_committed(connection, self._desk.tape, ROOM)
            if did:
                self._backoff.reset()
            else:
                self.wake.wait(LOOK_EVERY_S)

    def _outcome(self, connection: Connection, waiting: Waiting) -> Outcome:
        """What comes of it; a defect of ours ends this update alone, and is kept as its result."""
        try:
            with connection.transaction():
                return self._act(connection, waiting)
        except Exception as error:
            self._tries[waiting.update_id] += 1
            if connection.closed or (
                isinstance(error, CONNECTION_ERRORS) and self._tries[waiting.update_id] < _MOST_TRIES
            ):
                raise
            log.exception("update %s could not be worked on; the others go on", waiting.update_id)
            self._owes = True
            return given_up(error)
        finally:
            if len(self._tries) > _MOST_TRIES:
                self._tries.clear()

    def _act(self, connection: Connection, waiting: Waiting) -> Outcome:
        found = admitted(self._desk, connection, waiting)
        return found if isinstance(found, Outcome) else act(found)
