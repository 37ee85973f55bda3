"""An engine that does nothing but be there: `python -m tests.chaos.desk.present`."""

from __future__ import annotations

import signal
import threading

from signaltape import Settings
from signaltape.control import present

if __name__ == "__main__":
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with present(Settings.from_env(), "engine"):
        stop.wait()
