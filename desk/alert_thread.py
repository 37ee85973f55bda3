"""The thread in which alerts are decided and followed: begun anew whatever ends it."""

from __future__ import annotations

import logging
import threading

from desk.acting import Desk
from desk.alerting.around import Around
from desk.alerting.process import run
from signaltape.errors import SettingsError
from signaltape.plain_errors import one_line
from signaltape.shipping.backoff import Backoff

log = logging.getLogger("desk")

_LONGEST_WAIT_S = 30.0


class AlertThread:
    """Alerting, until `end` is called."""

    def __init__(self, desk: Desk, around: Around) -> None:
        self._desk, self._around = desk, around
        self._ended = threading.Event()
        self._stop = threading.Event()

    def run(self) -> None:
        """Alert; it ends by itself only by a defect, or while a folder cannot be written."""
        backoff = Backoff(cap_s=_LONGEST_WAIT_S)
        while not self._ended.is_set():
            self._stop = threading.Event()  # alerting sets it when it ends, however that comes
            if not self._ended.is_set():
                self._alert(backoff)

    def end(self) -> None:
        """Let it end."""
        self._ended.set()
        self._stop.set()

    def _alert(self, backoff: Backoff) -> None:
        desk = self._desk
        try:
            run(desk.settings, desk.desk, self._stop, tape=desk.tape, around=self._around)
            return
        except SettingsError as error:
            log.error("no alerts: %s", error)
        except Exception as error:
            log.exception("alerting ended and begins anew: %s", one_line(error))
        self._ended.wait(backoff.next_s())
