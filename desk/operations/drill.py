"""The drill: pause, look whether all is well, begin anew beside it, resume; and how long each took.

It really pauses: what an engine would have done meanwhile is not done. Where the drill fails, all is resumed,
unless somebody else paused meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import redis
from msgspec import Struct

from consumer.group_status import group_status
from outbox.outbox import Outbox
from signaltape.callbacks import Callbacks
from signaltape.control import PAUSED, RUNNING, Control, Presence, assert_again, wait_for_answers
from signaltape.control.following import Follower
from signaltape.control.state import is_newer
from signaltape.errors import NotAllowedNow
from signaltape.redis_client import open_redis
from signaltape.settings import Settings
from signaltape.stream import WORKER_GROUP
from sink import control
from sink.db import Connection, connect, database_url
from sink.plain_errors import plain_errors

#: So long all have time to answer, and a new reader to hear that all is paused.
WITHIN_S = 3.0
#: A worker that is further behind does not keep up.
_MOST_BEHIND_S = 10.0
_WHY = "drill"


class Step(Struct, frozen=True):
    """One step: whether it held, how long it took, what was found."""

    name: str
    ok: bool
    took_s: float
    said: str


class Drill(Struct, frozen=True):
    """All of them, in order."""

    steps: list[Step]

    @property
    def ok(self) -> bool:
        """Whether each held."""
        return all(step.ok for step in self.steps)


class _Servers(Struct, frozen=True):
    settings: Settings
    connection: Connection
    client: redis.Redis


class _Reader:
    """Who begins anew: it knows nothing until it has heard control."""

    control_known = False
    _callbacks: Callbacks | None = None

    def __init__(self) -> None:
        self._told = threading.Event()

    @property
    def paused(self) -> bool:
        """Whether it was told to pause."""
        return self._told.is_set()

    @paused.setter
    def paused(self, paused: bool) -> None:
        if paused:
            self._told.set()

    def await_pause(self, within_s: float) -> None:
        """Wait until it is told, for at most so long."""
        self._told.wait(within_s)


@plain_errors()
def drill(
    settings: Settings, now: datetime, by: str, *, progress: Callable[[Step], None] = lambda _step: None
) -> Drill:
    """Do it, for real. progress: told of each step. Raises NotAllowedNow where all is paused already."""
    steps: list[Step] = []
    said: list[Control] = []

    def done(step: Step) -> None:
        steps.append(step)
        progress(step)

    with _servers(settings) as servers:
        _refuse_if_paused(servers)
        try:
            done(_timed("pause", lambda: _pause(servers, by, said)))
            done(_timed("health", lambda: _health(servers, now)))
            done(_timed("warm restart", lambda: _hears_anew(servers)))
        finally:
            if said:
                done(_timed("resume", lambda: _resume(servers, by, said[0])))
    return Drill(steps)


@contextmanager
def _servers(settings: Settings) -> Iterator[_Servers]:
    url = database_url(settings)
    with open_redis(settings) as client, connect(url, name="signaltape-drill") as connection:
        yield _Servers(settings, connection, client)


def _refuse_if_paused(servers: _Servers) -> None:
    known = control.reconcile(servers.client, servers.settings.stream, servers.connection)
    if known is not None and known.paused:
        raise NotAllowedNow(f"all is paused already, by {known.by or 'somebody'}: a drill would resume it")


def _pause(servers: _Servers, by: str, said: list[Control]) -> tuple[bool, str]:
    """Say it as a panic does, and wait for answers. said: is given it, whatever comes behind."""
    stream = servers.settings.stream
    above = control.epoch_in_redis(servers.client, stream)
    said.append(control.say(servers.connection, PAUSED, by, _WHY, above=above))
    assert_again(servers.client, stream, said[0])
    return _answered(servers, said[0])


def _resume(servers: _Servers, by: str, pause: Control) -> tuple[bool, str]:
    """End this pause and no other: the word has its next number, so that whatever anybody said since counts."""
    word = Control(state=RUNNING, epoch=pause.epoch + 1, by=by, why=_WHY, at_ms=time.time_ns() // 1_000_000)
    control.keep(servers.connection, word)
    stream = servers.settings.stream
    assert_again(servers.client, stream, word)
    known = control.reconcile(servers.client, stream, servers.connection)
    if known is not None and is_newer(known, word):
        return known.state == RUNNING, f"{known.state}: {known.by or 'somebody'} said so meanwhile"
    return _answered(servers, word)


def _answered(servers: _Servers, word: Control) -> tuple[bool, str]:
    answers = wait_for_answers(servers.client, servers.settings.stream, word.epoch, WITHIN_S)
    there = len(answers.answered) + len(answers.missing)
    missing = ", ".join(one.name for one in answers.missing)
    return (
        answers.all_there,
        f"{len(answers.answered)} of {there} answered{f'; not {missing}' if missing else ''}",
    )


def _health(servers: _Servers, now: datetime) -> tuple[bool, str]:
    """How far the worker is behind, and what waits in the outbox."""
    groups = group_status(servers.client, servers.settings, WORKER_GROUP, now)
    behind_s = max((max(one.lag_s, one.oldest_pending_s) for one in groups), default=0.0)
    states = Outbox(servers.connection).states()
    messages = ", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "empty"
    return behind_s <= _MOST_BEHIND_S, f"worker {behind_s:.1f} s behind; outbox: {messages}"


def _hears_anew(servers: _Servers) -> tuple[bool, str]:
    """Somebody who begins now must come up paused."""
    reader = _Reader()
    presence = Presence(servers.settings, "drill")
    presence.followers.append(Follower(reader, None, time.monotonic()))
    presence.begin()
    try:
        reader.await_pause(WITHIN_S)
    finally:
        presence.end()
    return (
        reader.paused,
        "a new process begins paused" if reader.paused else "a new process does not hear the pause",
    )


def _timed(name: str, work: Callable[[], tuple[bool, str]]) -> Step:
    began = time.monotonic()
    ok, said = work()
    return Step(name, ok, round(time.monotonic() - began, 3), said)
