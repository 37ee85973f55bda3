"""How what is kept apart gets into Redis: from a thread, in its order. Raises nothing, and no event waits for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import islice, takewhile
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import redis
from redis.exceptions import NoPermissionError

from signaltape.redis_client import redis_client
from signaltape.settings import Secret
from signaltape.shipping.backoff import Backoff

_BATCH = 500
_LOOK_EVERY_S = 0.005
#: Who closes waits no longer for a Redis that does not answer, or takes nothing, and tries so often.
_AWAY_WAITS_S = 1.0
_HURRIED_S = 0.1


class Waiting(NamedTuple):
    """A command. alone: nothing goes behind it before it is in; counts: it is an event of the engine."""

    command: tuple[Any, ...]
    size: int
    alone: bool = False
    counts: bool = False


class Sending:
    """Sends commands to one Redis. What is not answered for, or not taken just now, stays and is sent again."""

    def __init__(self, url: Secret, say: Callable[[str, str], None]) -> None:
        self._url, self._say = url, say
        self.kept = self.not_kept = 0
        self.forget_in_child()

    def forget_in_child(self) -> None:
        """As new, also in a forked child: there the thread does not exist, and what waits is the parent's."""
        self._lock = threading.RLock()
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._waiting: deque[Waiting] = deque()
        self.size = self.kept = self.not_kept = 0
        self._thread: threading.Thread | None = None
        self._fails = self._hurries = self._is_over = False

    def put(self, one: Waiting) -> None:
        """Have one sent."""
        with self._lock:
            self.size += one.size
            self._waiting.append(one)
        self._is_over = False
        self._wakes.put(None)
        self._start()

    def flush(self, timeout: float) -> bool:
        """Wait until all is sent, at most so many seconds. Whether it is."""
        now = time.monotonic()
        self._hurries = True
        while self._waiting and time.monotonic() - now < (
            min(timeout, _AWAY_WAITS_S) if self._fails else timeout
        ):
            time.sleep(_LOOK_EVERY_S)  # a signal handler may flush, and must wait for no lock
        self._hurries = False
        return not self._waiting

    def finish(self, timeout: float) -> bool:
        """`flush`, and give up what is left. Whether nothing was."""
        self.flush(timeout)
        with self._lock:
            left, self._waiting, self.size = self._waiting, deque(), 0
            self._is_over = True
        self._wakes.put(None)
        if left:
            self.not_kept += sum(one.counts for one in left)
            self._say("left", f"{len(left)} events of this replay were not kept in time")
        return not left

    def _start(self) -> None:
        if self._is_started():
            return
        thread = threading.Thread(target=self._run, name="signaltape-replay", daemon=True)
        if self._is_started():  # by a signal handler that emits
            return
        self._thread = thread
        try:
            thread.start()
        except RuntimeError as error:  # none is to be had: the next event tries again
            self._thread, self._fails = None, True
            self._say("thread", f"what the engine emits in this replay waits: {error}")

    def _is_started(self) -> bool:
        return self._thread is not None

    def _run(self) -> None:
        backoff = Backoff()
        try:
            while not self._is_over:
                self._try(backoff)
        finally:
            self._thread = None

    def _try(self, backoff: Backoff) -> None:
        try:
            with closing(redis_client(self._url)) as client:
                self._send_all(client, backoff)
        except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
            self._fails = True
            self._say("away", f"what the engine emits in this replay waits: {error}")
            self._wait(backoff.next_s())

    def _send_all(self, client: redis.Redis, backoff: Backoff) -> None:
        while not self._is_over:
            if self._send_some(client):
                self._fails = False
                backoff.reset()
            else:
                self._sleep()

    def _send_some(self, client: redis.Redis) -> int:
        with self._lock:
            batch = list(islice(self._waiting, _BATCH))
        batch = batch[:1] if batch and batch[0].alone else list(takewhile(_is_common, batch))
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

    def _note(self, one: Waiting, answer: Any) -> None:
        if isinstance(answer, Exception) and not _is_final(answer):
            raise answer
        with self._lock:
            if not self._waiting or self._waiting[0] is not one:  # given up meanwhile
                return
            self._waiting.popleft()
            self.size -= one.size
        if isinstance(answer, Exception):
            self.not_kept += one.counts
            why = f"Redis refuses it ({answer}); it needs +xadd on {one.command[1]}"
            self._say("refused", f"what the engine emits in this replay is not kept: {why}")
        else:
            self.kept += one.counts

    def _sleep(self) -> None:
        """Until something is put in."""
        self._wakes.get()
        with suppress(Empty):
            while True:
                self._wakes.get_nowait()

    def _wait(self, seconds: float) -> None:
        """Before trying again; who closes does not wait for it."""
        began = time.monotonic()
        while not self._is_over and time.monotonic() - began < (
            min(seconds, _HURRIED_S) if self._hurries else seconds
        ):
            time.sleep(_HURRIED_S / 4)  # between two tries, as above


def _is_common(one: Waiting) -> bool:
    return not one.alone


def _is_final(error: Exception) -> bool:
    """Whether Redis will say the same next time. A full memory, a replica, a failed save pass."""
    if isinstance(error, NoPermissionError):
        return True
    code = str(error).partition(" ")[0]  # of an ERR, redis-py leaves the words alone
    return type(error) is redis.ResponseError and (not code.isupper() or code == "WRONGTYPE")
