"""Processes forked from one that has loaded the product: real ones, and yet begun in milliseconds.

They are children of that process (`tests/support/loaded.py`), which says when they have ended. Loading takes seconds:
the workers of one run of the tests share it.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

from tests.support.waiting import LONGEST_S, eventually

ROOT = Path(__file__).parents[2]
#: Begins of the variables that an interpreter, a library or a module reads while it is loaded.
_READ_WHEN_LOADED = ("PYTHON", "LC_", "LANG", "TZ", "LD_")
_SHORT = 64
#: A cache keeps nobody from asking twice: a second line would be left open, and whoever has loaded waits for its end.
_ONE_AT_A_TIME = threading.Lock()


def begin(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    out: IO[bytes] | int = subprocess.PIPE,
    err: IO[bytes] | int = subprocess.PIPE,
    *,
    anew: bool = False,
) -> subprocess.Popen[str] | Forked:
    """Start `python ARGUMENTS`, as `subprocess.Popen` does.

    anew: in a new interpreter, as a person starts it. So is what is neither a module (`-m`) nor code (`-c`), and what
    shall see something else while it is loaded.
    """
    anew = anew or arguments[0] not in ("-m", "-c") or sys.platform != "linux"
    if not anew and _seen_while_loading(environment) == _seen_while_loading(environment_of_loaded()):
        return Forked(arguments if arguments[0] == "-c" else arguments[1:], environment, out, err)
    command = [sys.executable, *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=err, text=True)


class Forked:
    """A process, with what tests ask of a `subprocess.Popen`.

    arguments: a module and what it is given, as behind `python -m`; or `-c` and code.
    out, err: as of a `subprocess.Popen`.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        out: IO[bytes] | int,
        err: IO[bytes] | int,
    ) -> None:
        self.args = tuple(arguments)
        self.returncode: int | None = None
        self._hands = threading.Lock()
        self._said: dict[str, str] = {}
        self._readers: list[threading.Thread] = []
        self.stdout, its_out = _pipe(out)
        self.stderr, its_err = _pipe(err)
        self._line, its_line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked = {"arguments": self.args, "environment": dict(environment), "folder": str(ROOT)}
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            files = [nothing, its_out, its_err, its_line.fileno()]
            with _ONE_AT_A_TIME:
                loaded = _loaded()
            socket.send_fds(loaded, [json.dumps(asked).encode()], files)
        finally:
            for one in (nothing, its_out, its_err):
                os.close(one)
            its_line.close()
        self._line.settimeout(2 * LONGEST_S)  # the first one waits until all is loaded
        self.pid = int(self._line.recv(_SHORT))

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or None while it runs."""
        with self._hands:
            if self.returncode is None and select.select([self._line], [], [], 0)[0]:
                self.returncode = int(self._line.recv(_SHORT))
                self._line.close()
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        while (code := self.poll()) is None:
            with suppress(ValueError, OSError):  # another thread has just heard of its end
                if not select.select([self._line], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Its whole output, once it has ended. Raises subprocess.TimeoutExpired."""
        if not self._readers:
            self._readers = [
                threading.Thread(target=self._read, args=(name,), daemon=True)
                for name in ("stdout", "stderr")
            ]
            for reader in self._readers:
                reader.start()
        for reader in self._readers:
            reader.join(timeout)
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.wait(timeout)
        return self._said["stdout"], self._said["stderr"]

    def send_signal(self, number: int) -> None:
        """Send a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _read(self, name: str) -> None:
        stream: IO[str] | None = getattr(self, name)
        self._said[name] = ""
        if stream is not None:
            with stream:
                self._said[name] = stream.read()


def _pipe(given: IO[bytes] | int) -> tuple[IO[str] | None, int]:
    """A file to read from, if it is to be a pipe, and a descriptor to write to, which the caller closes."""
    if given == subprocess.PIPE:
        reading, writing = os.pipe()
        return os.fdopen(reading, encoding="utf-8"), writing
    if given == subprocess.DEVNULL:
        return None, os.open(os.devnull, os.O_WRONLY)
    return None, os.dup(given if isinstance(given, int) else given.fileno())


def _seen_while_loading(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_WHEN_LOADED)}


@cache
def environment_of_loaded() -> dict[str, str]:
    """Of the process that has loaded everything."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALTAPE")}
    return {**own, "PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}", "OPENBLAS_NUM_THREADS": "1"}


@cache
def _loaded() -> socket.socket:
    """The line to the process that has loaded everything; one for this process, as long as it lives."""
    name = f"\0signaltape-loaded-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    _load_unless_another_does(name)
    line = eventually(lambda: _line_to(name))
    assert line is not None
    atexit.register(line.close)
    return line


def _load_unless_another_does(name: str) -> None:
    """Whoever gets the name begins the process, and waits for it at the end: until nobody needs it any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        try:
            listener.bind(name)
        except OSError:
            return
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.loaded"],
            cwd=ROOT,
            env=environment_of_loaded(),
            stdin=listener.fileno(),
            stdout=subprocess.DEVNULL,
        )
    atexit.register(process.wait)


def _line_to(name: str) -> socket.socket | None:
    """None if who has the name does not listen yet."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if line.connect_ex(name) == 0:
        return line
    line.close()
    return None
