"""While its process lives, nobody takes over what a consumer has in hand, however long that waits to be written."""

from __future__ import annotations

import logging
import threading

from consumer.consumer import Consumer
from consumer.link import RedisError

log = logging.getLogger("signaltape")


class Heartbeat:
    """Says again and again, from a thread of its own, that the entries given to a consumer are still in work.

    consumer: one for this thread alone; claim_idle_ms: how long others wait before they take over what is held.
    """

    def __init__(self, consumer: Consumer, claim_idle_ms: int) -> None:
        self._consumer = consumer
        # An entry is touched when it is a beat old, so it never gets older than two: half of what others wait for.
        self._every_ms = max(1, claim_idle_ms // 4)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the thread."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._stop.wait(self._every_ms / 1000):
            try:
                self._consumer.look_around()
                self._consumer.keep(self._every_ms)
            except RedisError as error:
                # The reading thread says so in the log; while Redis is away nobody takes anything over.
                log.debug("no heartbeat: %s", error)
                self._consumer.disconnect()
