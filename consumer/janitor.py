"""Keeps the stream small: trim what every group is done with, and report what grows all the same."""

from __future__ import annotations

import logging
import math
import time

from consumer.consumer import Consumer

log = logging.getLogger("signaltape")

TIDY_EVERY_S = 60.0


class Janitor:
    """Now and then trims what is older than `retention_s`, and warns of a stream beyond `stream_max_bytes`.

    stream_max_bytes: 0 for no limit.
    """

    def __init__(self, consumer: Consumer, retention_s: int, stream_max_bytes: int) -> None:
        self._consumer = consumer
        self._retention_s = retention_s
        self._stream_max_bytes = stream_max_bytes
        self._tidied_at = -math.inf

    def tidy(self) -> None:
        """Do so if it is time. Raises one of RedisError."""
        now = time.monotonic()
        if now - self._tidied_at < TIDY_EVERY_S:
            return
        self._tidied_at = now
        self._consumer.trim(f"{max(0, int((time.time() - self._retention_s) * 1000))}-0")
        if self._stream_max_bytes:
            self._warn()

    def _warn(self) -> None:
        for key, size in self._consumer.memory_bytes().items():
            if size > self._stream_max_bytes:
                log.warning(
                    "%s takes %d bytes, more than SIGNALTAPE_STREAM_MAX_BYTES=%d; nothing is cut: "
                    "is a consumer group stuck?",
                    key,
                    size,
                    self._stream_max_bytes,
                )
