"""Who follows control in its world, and who commands: engines, workers that reconcile, people at a shell or a bot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
import redis

import sink.control
from signaltape.callbacks import Callbacks
from signaltape.control.commanding import pause, resume
from signaltape.control.following import Follower
from signaltape.control.presence import Presence
from signaltape.control.state import PAUSED, RUNNING, Control
from signaltape.redis_client import redis_client
from signaltape.settings import Settings
from sink.reconciling import Reconciling, keep_reconciling
from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.kernel.threads import Event
from tests.simulation.worlds.control_row import ControlRow
from tests.simulation.worlds.streaming import REDIS_URL, STREAM

SETTINGS = Settings(redis_url=REDIS_URL, database_url=REDIS_URL, stream=STREAM)
#: What a command at a shell may end by, as far as its program goes on.
_AWAY = (redis.RedisError, psycopg.Error, OSError)
_FAIL_SAFE_S = (None, None, 1.0, 5.0)
#: How long a person waits between two commands; some are in a hurry.
_WAITS_S = ((0.05, 1.0, 5.0, 20.0), (0.05, 0.2, 0.6))
Fails = Callable[[str, str], None]


class Follows:
    """A process that follows control: what it was set to and told."""

    def __init__(self, process: Process, presence: Presence, fails: Fails) -> None:
        self.process, self.presence = process, presence
        self.paused = self.control_known = False
        self._callbacks: Callbacks | None = Callbacks()
        self._callbacks.add(self._told)
        self._last, self._fails = False, fails
        self.known: Control | None = None

    def check(self) -> None:
        """It never goes back to an older word."""
        known = self.presence.known
        if self.known is not None and (known is None or known.order < self.known.order):
            self._fails("no process goes back", f"{self.process.name} knew {self.known}, now {known}")
        self.known = known

    def _told(self, paused: bool) -> None:
        if paused == self._last:
            self._fails("nobody is told twice", f"{self.process.name} was told {paused} twice")
        self._last = paused


class Programs:
    """What runs in the world; live: those that follow control now."""

    def __init__(self, scheduler: Scheduler, row: ControlRow, fails: Fails) -> None:
        self._scheduler, self._row, self._fails = scheduler, row, fails
        self.live: dict[Process, Follows] = {}
        #: nobody commands any more
        self.over = False

    def engine(self, process: Process, stop: Event) -> None:
        """An engine, until it is asked to stop."""
        self._follow(process, "engine", stop.wait)

    def worker(self, process: Process, stop: Event) -> None:
        """A worker, as far as it reconciles."""
        work = Reconciling(SETTINGS)
        self._follow(process, "worker", lambda: keep_reconciling(work, stop))  # type: ignore[arg-type]

    def commander(self, process: Process, stop: Event) -> None:
        """A person: pauses and resumes, at a shell (Redis) or by the bot (Postgres, then both)."""
        chance = process.random
        waits_s = chance.choice(_WAITS_S)
        while not stop.is_set():
            if not self.over:
                state = chance.choice((PAUSED, RUNNING))
                act = chance.choice((self._at_a_shell, self._by_the_bot))
                with suppress(*_AWAY):
                    act(process, state)
            stop.wait(chance.choice(waits_s))

    def _follow(self, process: Process, role: str, until: Callable[[], Any]) -> None:
        presence = Presence(SETTINGS, role)
        follows = Follows(process, presence, self._fails)
        seconds = process.random.choice(_FAIL_SAFE_S)
        now_s = process.machine.monotonic_ns / 1e9
        presence.followers.append(Follower(follows, seconds, now_s))
        self.live[process] = follows
        process.at_death.append(lambda: self._gone(process))
        presence.begin()
        try:
            until()
        finally:
            self._gone(process)
            presence.end(5.0)

    def _gone(self, process: Process) -> None:
        self.live.pop(process, None)

    def _at_a_shell(self, process: Process, state: str) -> None:
        client = _client()
        try:
            (pause if state == PAUSED else resume)(client, STREAM, process.name)
        finally:
            client.close()

    def _by_the_bot(self, process: Process, state: Any) -> None:
        client = _client()
        session: Any = self._row.connect(None, name="desk")
        try:
            above = sink.control.epoch_in_redis(client, STREAM)
            sink.control.say(session, state, process.name, above=above)
            sink.control.reconcile(client, STREAM, session)
        finally:
            client.close()


def _client() -> redis.Redis:
    return redis_client(REDIS_URL, socket_timeout=3.0, socket_connect_timeout=3.0)
