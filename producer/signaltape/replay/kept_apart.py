"""What an engine emits during a replay: kept apart from what really happens, in a stream of the session alone.

It goes to `signaltape:replay:<session>:out` and never into a journal, so no shipper can bring it to the live stream.
XADD is all that is asked of Redis: the entry that begins a run takes everything before it out of the stream.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import msgspec
import redis

from signaltape.exits import at_exit, at_exit_of_child
from signaltape.journal.frame import split_body
from signaltape.notices import Notices
from signaltape.redis_client import redis_client
from signaltape.replay.under_way import UNDER_WAY
from signaltape.settings import Secret, Settings
from signaltape.shipping.backoff import Backoff
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
_MARKET = b"market_"
_BATCH = 500
_LOOK_EVERY_S = 0.005
_EXIT_WAITS_S = 1.0


class _Waiting(NamedTuple):
    command: tuple[Any, ...]
    size: int


class KeptApart:
    """Takes what the Emitters of this process emit, and sends it from a thread. Raises nothing and waits for nothing.

    It stands where else a journal and its shipper do. What the market did is left out: it is what a replay is fed with.
    """

    idle = False  # it need not be woken by an Emitter

    def __init__(self, url: Secret | None, stream: str, session: str | None, notices: Notices) -> None:
        self._url = url
        self._stream = stream
        self._notices = notices
        self._lock = threading.RLock()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._session: str | None = None
        self._run, self._number, self._bytes, self._cut = "", 0, 0, False
        self.kept = 0
        self.not_kept = 0
        #: Emitters that were not closed; after the last one there is nothing to wait for
        self.users = 1
        if session is not None:
            self.begin(session)
        else:
            UNDER_WAY.tell(self)

    @staticmethod
    def now() -> datetime:
        """The time of the replay."""
        return UNDER_WAY.now()

    def append(self, body: bytes) -> None:
        """Keep an event, framed as for a journal (`body_prefix`)."""
        name, data = split_body(body)
        if name.startswith(_MARKET):
            return
        with self._lock:
            if self._url is None:
                self._lose("REDIS_URL", "REDIS_URL is not set")
            elif self._session is None:
                self._lose("no session", "it is fed by no session: see SIGNALTAPE_REPLAY")
            elif self._is_full(len(data)):
                self._mark_cut()
                self._lose(
                    "too long", f"the first {self._number} events of this replay are kept, not the rest"
                )
            else:
                self._bytes += len(data)
                self._put(name, data, FIELD_NUMBER, self._number)
                self._number += 1

    def begin(self, session: str) -> None:
        """A session is played from its beginning: what was kept of an earlier run goes."""
        with self._lock:
            self._session = session if is_session_id(session) else None
            self._run, self._number, self._bytes, self._cut = uuid.uuid4().hex, 0, 0, False
            self._mark(BEGAN, {}, "MAXLEN", 1)

    def end(self, reached: datetime | None, *, whole: bool) -> None:
        """The session was played, as far as this."""
        at = None if reached is None else reached.isoformat()
        with self._lock:
            self._mark(ENDED, {"reached": at, "whole": whole})

    def wake(self) -> None:
        """Nothing: it wakes itself."""

    def stop(self, timeout: float) -> bool:
        """An Emitter is closed: send what waits, for at most so many seconds. True if nothing was left."""
        self.users -= 1
        is_whole = self._flush(timeout)
        if self.users <= 0:
            UNDER_WAY.forget(self)
            _forget(self)
            self._wakes.put(None)
        return is_whole

    def _flush(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self._waiting and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        if self._waiting:
            self._notices.say(
                "apart left", f"{len(self._waiting)} events of this replay were not kept in time"
            )
        return not self._waiting

    def forget_in_child(self) -> None:
        """In a forked child, which has no thread: begin a run of its own in the same stream."""
        self._lock, self._wakes, self._thread = threading.RLock(), SimpleQueue(), None
        self._waiting, self._waiting_bytes = deque(), 0
        self._run, self._number = uuid.uuid4().hex, 0

    def _is_full(self, size: int) -> bool:
        return self._cut or self._number >= MOST_EVENTS or self._bytes + size > MOST_BYTES

    def _mark_cut(self) -> None:
        if not self._cut:
            self._cut = True
            self._mark(CUT, {"kept": self._number})

    def _mark(self, name: str, said: dict[str, Any], *trim: Any) -> None:
        if self._session is not None and self._url is not None:
            self._put(name.encode(), msgspec.json.encode(said), trim=trim)

    def _put(self, name: bytes, data: bytes, *more: Any, trim: Sequence[Any] = ()) -> None:
        assert self._session is not None
        if self._waiting_bytes + len(data) > MOST_BYTES:
            self._lose("Redis", "Redis does not take it")
            return
        key = output_key(self._stream, self._session)
        fields = (FIELD_EVENT, name, FIELD_DATA, data, FIELD_REPLAY, self._session, FIELD_RUN, self._run)
        self._waiting_bytes += len(data)
        self._waiting.append(_Waiting(("XADD", key, *trim, "*", *fields, *more), len(data)))
        self._wakes.put(None)
        if self._thread is None:
            self._start()

    def _lose(self, kind: str, why: str) -> None:
        self.not_kept += 1
        self._notices.say(f"apart {kind}", f"what the engine emits in this replay is not kept: {why}")

    def _start(self) -> None:
        thread = threading.Thread(target=self._send_all, name="signaltape-replay", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # none is to be had: the next event tries again
            self._notices.say("apart thread", f"what the engine emits in this replay waits: {error}")
            return
        self._thread = thread
        with suppress(Exception):
            at_exit(self._send_rest)
            at_exit_of_child(self._send_rest)

    def _send_rest(self) -> None:
        if self.users > 0:
            self._flush(_EXIT_WAITS_S)

    def _send_all(self) -> None:
        assert self._url is not None
        client, backoff = redis_client(self._url), Backoff()
        while self.users > 0 or (self._waiting and not backoff.waiting):
            try:
                if not self._send_some(client):
                    self._sleep()
                backoff.reset()
            except (redis.RedisError, OSError) as error:
                self._notices.say("apart away", f"what the engine emits in this replay waits: {error}")
                time.sleep(backoff.next_s())
        client.close()

    def _send_some(self, client: redis.Redis) -> int:
        """Send a batch; what was refused is lost. What is not answered for stays, and is sent again."""
        with self._lock:
            batch = list(islice(self._waiting, _BATCH))
        if not batch:
            return 0
        pipe: Any = client.pipeline(transaction=False)
        with pipe:
            for one in batch:
                pipe.execute_command(*one.command)
            answers = pipe.execute(raise_on_error=False)
        for one, answer in zip(batch, answers, strict=True):
            self._note(one, answer)
        return len(batch)

    def _note(self, one: _Waiting, answer: Any) -> None:
        if isinstance(answer, redis.ConnectionError):
            raise answer
        with self._lock:
            self._waiting.popleft()
            self._waiting_bytes -= one.size
            if isinstance(answer, redis.RedisError):
                self._lose("refused", f"Redis refuses it ({answer}); it needs +xadd on {one.command[1]}")
            elif FIELD_NUMBER in one.command:
                self.kept += 1

    def _sleep(self) -> None:
        """Until something is put in."""
        self._wakes.get()
        with suppress(Empty):
            while True:
                self._wakes.get_nowait()


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
