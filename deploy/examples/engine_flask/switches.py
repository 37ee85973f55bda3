"""Trouble on demand: an engine that is slow, fails or sees old data while a file says so.

The file is JSON, and read again whenever it changes; without one, or while it cannot be read, nothing is switched.

    {"slow_ms": 700, "error_share": 0.1, "only": "/api/signal/<symbol>"}
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

log = logging.getLogger("engine")


class Switches(Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong with the engine.

    slow_ms: every answer comes so much later. error_share: of answers, 0 to 1, evenly, with status error_status (500
    by an error that nobody catches). only: the endpoint that both are for, by its pattern; all but /health without.
    stale_s: market data are so much older. ws_rtt_ms, screener_ttl_s: what is measured of the websocket and the
    screener. market: fields of what is seen of a symbol, such as {"SOL": {"price": -1}}; null is nothing.
    pulse: false lets it measure nothing of itself but requests.
    """

    slow_ms: float = 0.0
    error_share: float = 0.0
    error_status: int = 500
    only: str | None = None
    stale_s: float = 0.0
    ws_rtt_ms: float = 40.0
    screener_ttl_s: float = 20.0
    market: dict[str, dict[str, Any]] = {}
    pulse: bool = True

    def meant(self, pattern: str | None) -> bool:
        """Whether slowness and errors are for this endpoint."""
        return pattern == self.only if self.only is not None else pattern not in (None, "/health")


class Control:
    """The switches as the file has them now. path: of the file; None for none."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._seen, self._switches = path, (0, 0), Switches()
        self._lock, self._asked, self._failed = threading.Lock(), 0, 0

    def now(self) -> Switches:
        """As they are set. A file that is half written or wrong leaves them as they were."""
        if self._path is None:
            return self._switches
        try:
            found = self._path.stat()
            if (found.st_mtime_ns, found.st_size) != self._seen:
                self._switches = msgspec.json.decode(self._path.read_bytes(), type=Switches)
                self._seen = found.st_mtime_ns, found.st_size
        except FileNotFoundError:
            self._switches, self._seen = Switches(), (0, 0)
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s is not used: %s", self._path, error)
        return self._switches

    def trouble(self, pattern: str | None) -> int | None:
        """Take the time that is asked for; the status to fail with, if this answer is one of those that do."""
        switches = self.now()
        if not switches.meant(pattern):
            return None
        if switches.slow_ms:
            time.sleep(switches.slow_ms / 1000)  # the slowness that was asked for
        return switches.error_status if self._fails(switches.error_share) else None

    def _fails(self, share: float) -> bool:
        """Evenly: of any number of answers the share of them fails, give or take one."""
        with self._lock:
            if not share:
                self._asked = self._failed = 0
                return False
            self._asked += 1
            fails = self._failed < round(self._asked * share)
            self._failed += fails
            return fails
