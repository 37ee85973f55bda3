"""Say a thing once per kind and minute: an engine in trouble must not drown its own log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_INTERVAL_S = 60.0


class Notices:
    """Logs the first notice of a kind, then at most one a minute with how many were held back."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.RLock()  # a signal handler may emit in the middle of a notice
        self._said_at: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def say(self, kind: str, message: str) -> None:
        """Log `message`, unless this kind was logged within the last minute."""
        now = self._monotonic()
        with self._lock:
            last = self._said_at.get(kind)
            if last is not None and now - last < _INTERVAL_S:
                self._held[kind] = self._held.get(kind, 0) + 1
                return
            held = self._held.pop(kind, 0)
            self._said_at[kind] = now
        import logging  # an Emitter that is on has loaded it

        log = logging.getLogger("signaltape")
        log.warning("%s%s", message, f" ({held} more like it since the last notice)" if held else "")
