"""What an engine emits during a replay: kept apart from what really happens, in a stream of the session alone.

It goes to `signaltape:replay:<session>:out` and never into a journal, so no shipper can bring it to the live stream.
XADD is all that is asked of Redis: the entry with which a feed begins takes everything before it out of the stream.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import Any

import msgspec

from signaltape.clock import utc_now
from signaltape.exits import at_exit, at_exit_of_child
from signaltape.journal.frame import split_body
from signaltape.notices import Notices
from signaltape.own_journals import is_open
from signaltape.replay.sending import Sending, Waiting
from signaltape.replay.under_way import UNDER_WAY, Feed, Played
from signaltape.settings import Secret, Settings
from signaltape.stream import (
    FIELD_DATA,
    FIELD_EVENT,
    FIELD_NUMBER,
    FIELD_REPLAY,
    FIELD_RUN,
    is_session_id,
    output_key,
)

#: So much of a run is kept. A difference is looked for from its beginning on, so what comes behind is left out.
MOST_EVENTS = 100_000
MOST_BYTES = 64 * 1024 * 1024
#: Entries of ours between an engine's events: a run begins, is over, has become too long to be kept whole.
BEGAN, ENDED, CUT = "replay_began", "replay_ended", "replay_cut"
#: What feeds a replay, and how long its engine took: neither is anything that it decided.
_LEFT_OUT = (b"market_", b"measurement")
_EXIT_WAITS_S = 1.0


class KeptApart:
    """Takes what the Emitters of this process emit, and has it sent. Raises nothing and waits for nothing.

    It stands where else a journal and its shipper do. What the market did is left out: it is what a replay is fed with,
    and what the engine measured: that is of the machine and hour of this run.
    What it emits in a run is numbered from 0, kept or not, and so is each word that the run is over: who reads it can
    tell what is not there.
    """

    idle = False  # it need not be woken by an Emitter

    def __init__(self, url: Secret | None, stream: str, session: str | None, notices: Notices) -> None:
        self._stream = stream
        self._notices = notices
        self._sending = None if url is None else Sending(url, self._say)
        self._lock = threading.RLock()  # a signal handler may emit amid an event
        self._session: str | None = None
        self._is_child = self._waits_for_exit = self._reads_stream = False
        self._lost = 0
        self._played: Played | None = None
        #: Emitters that were not closed; after the last one there is nothing to wait for
        self.users = 1
        self._start_run()
        if session is None:
            UNDER_WAY.tell(self)
        else:
            self._session, self._reads_stream = session, True
            self._mark(BEGAN, {"at": utc_now().isoformat()})

    @property
    def kept(self) -> int:
        """How many events Redis has."""
        return 0 if self._sending is None else self._sending.kept

    @property
    def not_kept(self) -> int:
        """How many it has not, and will not have."""
        return self._lost + (0 if self._sending is None else self._sending.not_kept)

    @staticmethod
    def now() -> datetime:
        """The time of the replay."""
        return UNDER_WAY.now()

    def append(self, body: bytes) -> None:
        """Keep an event, framed as for a journal (`body_prefix`)."""
        name, data = split_body(body)
        if name.startswith(_LEFT_OUT):
            return
        with self._lock:
            if self._sending is None:
                self._lose("REDIS_URL", "REDIS_URL is not set")
            elif self._session is None:
                self._lose("no session", "it is fed by no session: see SIGNALTAPE_REPLAY")
            else:
                self._keep(next(self._numbers), name, data)

    def begin(self, session: str, feed: Feed) -> None:
        """A session is played from its beginning: what was kept of an earlier run goes."""
        with self._lock:
            if self._session not in (None, session):
                self._mark_end(closed=True)  # what comes now is of another session
            self._session = session if is_session_id(session) else None
            self._start_run()
            self._is_child = False
            self._mark(BEGAN, {"feed": feed.feed, "at": feed.at.isoformat()}, trim=("MAXLEN", 1))

    def end(self, played: Played) -> None:
        """The session was played, as far as this."""
        self._played = played
        if self.users > 0:
            self._mark_end(closed=False)
        else:
            self._leave(_EXIT_WAITS_S)

    def wake(self) -> None:
        """Nothing: it wakes itself."""

    def stop(self, timeout: float) -> bool:
        """An Emitter is closed: send what waits, for at most so many seconds. True if nothing was left."""
        self.users -= 1
        if self.users > 0 or (UNDER_WAY.is_playing and not self._reads_stream):
            return self._sending is None or self._sending.flush(timeout)  # another one goes on with this run
        return self._leave(timeout)

    def forget_in_child(self) -> None:
        """In a forked child, which has no thread: what it emits is a run of its own in the same stream."""
        self._lock, self._notices = threading.RLock(), Notices()
        self._is_child, self._waits_for_exit, self._lost = True, False, 0
        self._start_run()
        if self._sending is not None:
            self._sending.forget_in_child()

    def _start_run(self) -> None:
        self._run, self._numbers = uuid.uuid4().hex, count()
        self._bytes, self._cut = 0, False
        self._played = None

    def _leave(self, timeout: float) -> bool:
        """Nothing comes any more."""
        self._mark_end(closed=True)
        UNDER_WAY.forget(self)
        _forget(self)
        return self._sending is None or self._sending.finish(timeout)

    def _keep(self, number: int, name: bytes, data: bytes) -> None:
        assert self._sending is not None
        if self._cut or number >= MOST_EVENTS or self._bytes + len(data) > MOST_BYTES:
            self._mark_cut()
            self._lose("too long", "this replay is too long, its beginning is kept")
        elif self._sending.size + len(data) > MOST_BYTES:
            self._lose("Redis", "Redis does not take it")
        else:
            self._bytes += len(data)
            self._put(name, data, FIELD_NUMBER, number)

    def _mark_cut(self) -> None:
        if not self._cut:
            self._cut = True
            self._mark(CUT, {})

    def _mark_end(self, *, closed: bool) -> None:
        """Say how many were emitted. closed: for good."""
        with self._lock:
            emitted = next(self._numbers)
            if emitted or not self._is_child:  # a child that emits nothing says nothing
                played = msgspec.to_builtins(self._played) if self._played is not None else {}
                self._mark(ENDED, {"emitted": emitted, "closed": closed, **played})

    def _mark(self, name: str, said: dict[str, Any], *, trim: Sequence[Any] = ()) -> None:
        if self._session is not None and self._sending is not None:
            self._put(name.encode(), msgspec.json.encode(said), trim=trim)

    def _put(self, name: bytes, data: bytes, *number: Any, trim: Sequence[Any] = ()) -> None:
        assert self._session is not None
        assert self._sending is not None
        key = output_key(self._stream, self._session)
        fields = (FIELD_EVENT, name, FIELD_DATA, data, FIELD_REPLAY, self._session, FIELD_RUN, self._run)
        command = ("XADD", key, *trim, "*", *fields, *number)
        self._sending.put(Waiting(command, len(data), alone=bool(trim), counts=bool(number)))
        if not self._waits_for_exit:
            self._waits_for_exit = True
            with suppress(Exception):
                at_exit(self._leave_unless_open)
                at_exit_of_child(self._leave_at_exit)

    def _leave_unless_open(self) -> None:
        if not is_open(self):  # else it is closed with its Emitter
            self._leave_at_exit()

    def _leave_at_exit(self) -> None:
        if self in _known.values():
            self._leave(_EXIT_WAITS_S)

    def _lose(self, kind: str, why: str) -> None:
        self._lost += 1
        self._say(kind, f"what the engine emits in this replay is not kept: {why}")

    def _say(self, kind: str, message: str) -> None:
        with suppress(Exception):  # a handler of the engine's log may raise
            self._notices.say(f"apart {kind}", message)


_known: dict[tuple[Secret | None, str, str | None], KeptApart] = {}


def kept_apart(settings: Settings, notices: Notices) -> KeptApart:
    """That of this process: its Emitters share one, for the session that feeds it is one."""
    key = (settings.redis_url, settings.stream, settings.replay_session)
    if key in _known:
        _known[key].users += 1
    else:
        _known[key] = KeptApart(*key, notices)
    return _known[key]


def _forget(one: KeptApart) -> None:
    for key in [key for key, known in _known.items() if known is one]:
        _known.pop(key, None)


def _after_fork_in_child() -> None:
    for one in list(_known.values()):
        with suppress(Exception):
            one.forget_in_child()


os.register_at_fork(after_in_child=_after_fork_in_child)
