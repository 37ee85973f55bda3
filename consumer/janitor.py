"""Keeps the stream small: trim what every group is done with, and report what grows all the same."""

from __future__ import annotations

import logging
import math
import time

from consumer.consumer import Consumer
from signaltape.stream import DESK_GROUP, GHOST_GROUP, GUARD_GROUP

log = logging.getLogger("signaltape")

TIDY_EVERY_S = 60.0
#: Trimming waits for a group until it is done, however long that takes. For the desk only so long: nobody is alerted of
#: what is older, the tables tell it what became of its alerts, and one that was switched off for good would make the
#: stream grow without end. Likewise for the ghost, longer: what it has not read is an outcome that nobody learns.
#: For the guard a day: what was measured before then makes no alert.
WAITED_FOR_S = {DESK_GROUP: 2 * 86_400, GHOST_GROUP: 7 * 86_400, GUARD_GROUP: 86_400}


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
        for group, waited_s in WAITED_FOR_S.items():
            self._let_go(group, max(waited_s, self._retention_s))
        self._consumer.trim(_id_of_age(self._retention_s))
        if self._stream_max_bytes:
            self._warn()

    def _let_go(self, group: str, waited_s: int) -> None:
        for key in self._consumer.let_go(group, _id_of_age(waited_s)):
            log.warning(
                "%s waits for the group %s no longer: for more than %.0f h it is not done with what it holds; when it"
                " is back it begins with what is still there",
                *(key, group, waited_s / 3600),
            )

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


def _id_of_age(age_s: int) -> str:
    """The id that an entry of this age has."""
    return f"{max(0, int((time.time() - age_s) * 1000))}-0"
