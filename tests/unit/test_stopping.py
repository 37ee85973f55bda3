"""SIGTERM and Ctrl-C reach a process whatever its main thread is doing."""

from __future__ import annotations

import subprocess
import sys

import pytest

_AMID_A_WAIT = """
import signal
from signaltape.stopping import stop_on_signals

stop = stop_on_signals()
with stop._cond:  # as for a moment in every stop.wait()
    signal.raise_signal(signal.{name})
print("stopped" if stop.wait(10) else "goes on")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_while_the_main_thread_holds_the_lock_of_the_event(name: str) -> None:
    command = [sys.executable, "-c", _AMID_A_WAIT.format(name=name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "stopped\n"
