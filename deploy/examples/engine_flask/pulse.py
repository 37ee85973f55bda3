"""What the engine measures of itself besides requests, once a second: its websocket, its data, its screener."""

from __future__ import annotations

import threading
import time

from deploy.examples.engine_flask.market import SYMBOLS, seen
from deploy.examples.engine_flask.switches import Control, Switches
from signaltape import Emitter

EVERY_S = 1.0


class Pulse:
    """How often it has measured."""

    def __init__(self) -> None:
        self.beats = 0


def beat(tape: Emitter, switches: Switches, at_s: float) -> None:
    """Measure everything once. at_s: seconds since 1970."""
    tape.measure("ws", "orderflow", rtt_ms=switches.ws_rtt_ms)
    tape.measure("screener", "top", ttl_s=switches.screener_ttl_s)
    for symbol in sorted(SYMBOLS):
        age_s = seen(symbol, at_s, stale_s=switches.stale_s).age_s or 0.0
        tape.measure("freshness", symbol, age_ms=1000 * age_s)


def keep_beating(tape: Emitter, control: Control, pulse: Pulse, stop: threading.Event) -> None:
    """Until `stop` is set."""
    while not stop.wait(EVERY_S):
        switches = control.now()
        if switches.pulse:
            beat(tape, switches, time.time())
            pulse.beats += 1
