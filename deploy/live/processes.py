"""The processes of the product as children: each in a session of its own, its words in a file, ended in order.

honcho, which starts a Procfile elsewhere, ends all at once and kills after 5 s; here the engine ends first, and what it
recorded is stored before its worker ends.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from signaltape.errors import OperationError

ROOT = Path(__file__).parents[2]
#: Of the Procfile's processes those that make sense here: the engine ships its journal itself.
WANTED = ("worker", "archiver", "replays", "web", "ghost", "guard", "reports")
_LOOK_EVERY_S = 0.05


class Child(NamedTuple):
    """A process that was started."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    @property
    def last_words(self) -> str:
        """The last line that it wrote, else how it ended."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log else []
        return lines[-1] if lines else f"exit code {self.process.returncode}"


def commands_of(procfile: str) -> dict[str, Sequence[str]]:
    """Name and command of each process of a Procfile that is wanted, in our order."""
    lines = (line.partition(":") for line in procfile.splitlines() if line.strip())
    known = {name.strip(): shlex.split(command) for name, _, command in lines}
    return {name: _by_this_python(known[name]) for name in WANTED if name in known}


def start(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path | None) -> Child:
    """Start a process. log: where it writes; None: here."""
    where = None if log is None else log.open("wb")
    try:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=where,
            stderr=where,
            start_new_session=True,  # Ctrl-C is for the one that started it
        )
    finally:
        if where is not None:
            where.close()
    return Child(name, process, log)


def line_of(child: Child, mark: str, within_s: float, given_up: Callable[[], bool]) -> str | None:
    """The first line of its log that has a mark in it; None if nobody waits for it any more.

    Raises OperationError if it ends, or does not say it soon.
    """
    assert child.log is not None
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if given_up():
            return None
        found = [line for line in child.log.read_text(errors="replace").splitlines() if mark in line]
        if found:
            return found[0]
        if child.ended:
            break
        time.sleep(_LOOK_EVERY_S)  # a file tells nobody that it grew
    raise OperationError(f"{child.name} did not start: {child.last_words} (see {child.log})")


def stop(children: Iterable[Child], within_s: float) -> list[str]:
    """End all of them together; who does not end in time is killed. Returns the names of those."""
    alive = [child for child in children if not child.ended]
    for child in alive:
        child.process.send_signal(signal.SIGTERM)
    until = time.monotonic() + within_s
    return [child.name for child in alive if not _ends(child, until - time.monotonic())]


def _ends(child: Child, within_s: float) -> bool:
    try:
        child.process.wait(max(0.0, within_s))
    except subprocess.TimeoutExpired:
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        return False
    return True


def _by_this_python(command: Sequence[str]) -> Sequence[str]:
    return [sys.executable if word == "python" else word for word in command]
