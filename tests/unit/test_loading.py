"""What an Emitter loads while it is made: by several threads at once, and with a fork amid it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from signaltape import Emitter, Settings, fast_path
from tests.support.samples import SAMPLES
from tests.support.waiting import LONGEST_S, ended, happened, status_of


def test_emitters_made_at_once_leave_no_check_out(monkeypatch: pytest.MonkeyPatch) -> None:
    both_load, loaded = threading.Barrier(2, timeout=LONGEST_S), []

    def load(number: int) -> None:
        if number == 2:
            both_load.wait(10)
        loaded.append(number)

    loads = [lambda number=number: load(number) for number in range(3)]
    monkeypatch.setattr(fast_path, "_not_loaded", loads)
    threads = [threading.Thread(target=fast_path.load_checks) for _ in range(2)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert set(loaded) == {0, 1, 2}


#: A thread makes an Emitter, and stands still amid an import; meanwhile the process forks, and its child makes one.
FORKS_AMID_IMPORT = """
import os, signal, sys, threading
from signaltape import Emitter, loading

loading._FORK_WAITS_S = 60
amid, forked = threading.Event(), threading.Event()


class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "signaltape.rejects" and not amid.is_set():
            amid.set()
            forked.wait(0.5)  # by a fork that does not wait for this


sys.meta_path.insert(0, Slow())
os.register_at_fork(after_in_parent=forked.set)
thread = threading.Thread(target=Emitter)
thread.start()
amid.wait()
child = os.fork()
if not child:
    signal.alarm(30)
    tape = Emitter()
    assert tape.state(symbol="X", event_type="A")
    os._exit(0)
thread.join()
assert os.waitpid(child, 0)[1] == 0, "the child stood still"
"""


def test_a_child_forked_while_a_thread_makes_an_emitter_makes_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKS_AMID_IMPORT],
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "FEATURE_EVENT_LOGGING": "true",
            "SIGNALTAPE_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    assert done.returncode == 0, done.stderr


def test_a_child_forked_while_a_closed_emitter_refuses_an_event_does_not_stand_still(tmp_path: Path) -> None:
    tape = Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False)
    tape.close()
    held, forked = threading.Event(), threading.Event()

    def hold() -> None:
        with tape._lock:
            held.set()
            forked.wait(LONGEST_S)

    thread = threading.Thread(target=hold)
    thread.start()
    happened(held)
    child = os.fork()
    if not child:
        import signal

        signal.alarm(30)
        os._exit(int(tape.closed(SAMPLES["signal_closed"]())))
    forked.set()
    ended(thread)
    assert status_of(child) == 0
