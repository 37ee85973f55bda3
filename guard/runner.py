"""The loop: read the tape, fold it, and every few seconds evaluate all rules. One guard works, others stand by.

A kill at any moment leaves what was committed last, and the place that belongs to it. While Redis is away, what the
guard looks at itself is evaluated all the same; while Postgres is, nothing can be written, so it waits for that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from consumer.tape_order import TapeReader
from guard.away import Away
from guard.exporting import Exported
from guard.leading import Evaluating, Following
from guard.settings import GuardSettings
from guard.tape_store import Overtaken, TapeStore
from signaltape.emitter import Emitter
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.settings import Secret
from signaltape.shipping.backoff import Backoff
from sink.db import Connection, DatabaseError, connect, end_once_idle

log = logging.getLogger("guard")

_STAND_BY_S = 0.5
#: Postgres is tried again no later than this: it is what alerts are told by.
_LONGEST_WAIT_S = 5.0
#: A guard that asks Postgres nothing for so long hangs: its session ends, and one that stands by goes on. Longer than
#: the longest period of evaluations and all that waits for a Redis that does not answer.
_HUNG_S = 90.0


class Counted(Struct):
    """What this process has done so far, and how it stands."""

    entries: int = 0
    measurements: int = 0
    again: int = 0
    ahead: int = 0
    evaluations: int = 0
    began: int = 0
    resolved: int = 0
    open_alerts: int = 0
    leads: bool = False


class Runner:
    """Guards until stopped.

    make_reader: of the tape, for this thread; clock: what time it is; by: how this process is called; hung_s: after
    that long without a word to Postgres another one may go on.
    """

    def __init__(
        self,
        guard: GuardSettings,
        database: Secret,
        make_reader: Callable[[], TapeReader],
        tape: Emitter,
        stop: threading.Event,
        clock: Callable[[], datetime],
        by: str,
        hung_s: float = _HUNG_S,
    ) -> None:
        self._hung_s = hung_s
        self._guard, self._database = guard, database
        self._make_reader, self._tape = make_reader, tape
        self._stop, self._clock, self._by = stop, clock, by
        self._notices = Notices()
        self._away = Away(guard.rules.gather, guard.every_s)
        self.counted = Counted()
        self.exported = Exported(guard.rules)

    def run(self) -> Counted:
        """Guard until stopped, whatever is away."""
        backoff = Backoff(cap_s=_LONGEST_WAIT_S)
        while not self._stop.is_set():
            try:
                self._connected(backoff)
            except Overtaken:
                self._notices.say("overtaken", "another guard went on meanwhile: beginning anew behind it")
            except DatabaseError as error:
                self._away.lost(time.monotonic())
                self._notices.say("Postgres", f"Postgres is away, nothing can be told: {one_line(error)}")
            self._stop.wait(backoff.next_s())
        return self.counted

    def once(self, connection: Connection) -> Counted:
        """Fold the tape up to its end, evaluate once. Raises DatabaseError, RedisError."""
        following, evaluating = self._parts(connection)
        try:
            while following.step():
                pass
            evaluating.evaluate(0.0)
        finally:
            following.close()
            evaluating.close()
        return self.counted

    def _connected(self, backoff: Backoff) -> None:
        """Work over one session with Postgres."""
        try:
            with connect(self._database, name="signaltape-guard", most_idle_s=self._hung_s) as connection:
                store = TapeStore(connection, ())
                end_once_idle(connection, self._hung_s)
                if self._wait_to_lead(store):
                    self._lead(connection, backoff)
        finally:
            self.counted.leads = False

    def _wait_to_lead(self, store: TapeStore) -> bool:
        said = False
        while not self._stop.is_set():
            if store.lead():
                self.counted.leads = True
                return True
            self._away.forget()  # Postgres is there; the other one sees to it
            if not said:
                log.info("another guard works with this database: standing by")
                said = True
            self._stop.wait(_STAND_BY_S)
        return False

    def _lead(self, connection: Connection, backoff: Backoff) -> None:
        following, evaluating = self._parts(connection)
        log.info("guarding by %s, every %g s", self._guard.rules.source, self._guard.every_s)
        try:
            while not self._stop.is_set():
                following.follow(self._stop, evaluating.due_in_s)
                if evaluating.due_in_s() <= 0 and not self._stop.is_set():
                    evaluating.evaluate(self._away.seconds(time.monotonic()))
                    self._away.back(time.monotonic())
                    backoff.reset()
        finally:
            following.close()
            evaluating.close()

    def _parts(self, connection: Connection) -> tuple[Following, Evaluating]:
        evaluating = Evaluating(
            self._guard, connection, self._tape, self._clock, self._by, self.counted, self.exported
        )
        taken, memory = self.exported.take, evaluating.memory
        following = Following(connection, memory, self._make_reader, self._clock, self.counted, taken)
        return following, evaluating
