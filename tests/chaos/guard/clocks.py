"""An engine with a clock of its own, as its measures on the tape show it.

They are put there by hand: the example engine measures nothing more once libfaketime has set its clock anew.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from signaltape.clock import utc_now
from tests.chaos.rig import STREAM, Rig
from tests.support.guarding import Measures

_EVERY_S = 5.0


class Clocked:
    """Measured every few seconds. ahead_s: how far its clock is ahead; below zero it is behind."""

    def __init__(self, rig: Rig, name: str) -> None:
        self._rig, self.name, self.ahead_s = rig, name, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)
        self._thread.start()

    def set_clock(self, ahead_s: float) -> None:
        """From its next measures on."""
        self.ahead_s = ahead_s

    def end(self) -> None:
        """Measure no more."""
        self._stop.set()
        self._thread.join(2 * _EVERY_S)

    def _measure(self) -> None:
        with self._rig.redis() as client:
            tape = Measures(client, STREAM)
            while not self._stop.wait(_EVERY_S):
                tape.put(20.0, at=utc_now() + timedelta(seconds=self.ahead_s), engine=self.name)
