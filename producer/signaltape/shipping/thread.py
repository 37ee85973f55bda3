"""The shipper inside an engine: one daemon thread that sleeps until the emitter wakes it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from signaltape.notices import Notices
from signaltape.settings import Settings
from signaltape.shipping.backoff import Backoff
from signaltape.shipping.client import StreamError
from signaltape.shipping.pool import LOOK_EVERY_S, ShipperPool

log = logging.getLogger("signaltape")

#: After being woken, let a few more events gather: one round trip then serves them all.
LINGER_S = 0.005


class ShipperThread:
    """Ships the engine's own journals, and those of engines that died.

    idle: whether it wants to be woken at the next event; only then need the emitter call `wake`.
    """

    def __init__(self, settings: Settings, own: Sequence[Path]) -> None:
        self._fleet = ShipperPool(settings, own)
        self._own = own
        # Not an Event: its lock is not re-entrant, and a signal handler may emit while its own thread holds that.
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._stop = threading.Event()
        self._deadline = float("inf")
        self._drained = False
        self._notices = Notices()
        self.idle = False
        self._thread = threading.Thread(target=self._run, name="signaltape-shipper", daemon=True)

    def start(self) -> None:
        """Begin shipping."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to ship. Once is enough, until the thread has looked again."""
        self.idle = False
        self._wakes.put(None)

    def stop(self, timeout: float) -> bool:
        """Ship the rest for at most `timeout` seconds, then end. True if nothing was left."""
        self._deadline = time.monotonic() + timeout
        self._stop.set()
        self._wakes.put(None)
        self._thread.join(timeout + 0.1)
        return self._drained

    def forget_in_child(self) -> None:
        """In a forked child, where the thread does not exist: close our copies of its locks."""
        self._fleet.forget_in_child()

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stop.is_set():
            # In this order: an event that comes before the flag is found by the look, one behind it wakes us.
            self._forget_wakes()
            self.idle = True
            if self._try_step(backoff):
                self.idle = False
            elif backoff.waiting:
                self.idle = False
                self._stop.wait(backoff.next_s())
            elif self._is_woken_within(LOOK_EVERY_S):
                self.idle = False
                self._stop.wait(LINGER_S)
        self.idle = False
        try:
            self._drain()
        finally:
            self._fleet.close()

    def _is_woken_within(self, seconds: float) -> bool:
        try:
            self._wakes.get(timeout=seconds)
        except Empty:
            return False
        return True

    def _forget_wakes(self) -> None:
        with suppress(Empty):
            while True:
                self._wakes.get_nowait()

    def _try_step(self, backoff: Backoff) -> bool:
        try:
            shipped = self._fleet.step()
        except StreamError as error:
            self._fleet.disconnect()
            self._notices.say("redis", f"Redis takes no events, they wait in the journal: {error}")
            if not backoff.waiting:
                backoff.next_s()
            return False
        except Exception:
            log.exception("the shipper failed and begins anew")
            if not backoff.waiting:
                backoff.next_s()
            return False
        if backoff.waiting:
            log.info("Redis is back")
            backoff.reset()
        return shipped > 0

    def _drain(self) -> None:
        trouble: Exception | str = "no time was left"
        try:
            self._fleet.drain(self._deadline)
        except StreamError as error:
            trouble = error
        self._drained = not self._fleet.has_left(self._own)
        if not self._drained:
            log.warning("not all events were shipped, the rest waits in %s: %s", self._own[0].parent, trouble)
