"""Starting, awaiting and ending one server process of ours; and finding one that an earlier run left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deploy.embedded.errors import EmbeddedError

#: A first start on a slow disk takes a few seconds; much longer means that it will not come.
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 25.0
_POLL_S = 0.02
#: A Unix socket path longer than this does not fit into sockaddr_un on every system.
MAX_SOCKET_PATH_BYTES = 100


def await_ready(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path, name: str) -> None:
    """Wait until `ready()`; raise EmbeddedError with the end of the log if the server ends or is too slow."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if ready():
            return
        if process.poll() is not None:
            raise EmbeddedError(f"{name} ended while starting (see {log}): {_last_line(log)}")
        time.sleep(_POLL_S)  # a starting server raises no event that we could wait for
    process.kill()
    raise EmbeddedError(f"{name} did not start within {START_TIMEOUT_S:.0f} s (see {log}): {_last_line(log)}")


def end(pid: int, signals: tuple[int, ...]) -> None:
    """Send the first signal, wait; if it lives on, the next. Returns when the process is gone."""
    for number in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_TIMEOUT_S / len(signals)
        while time.monotonic() < deadline:
            if not alive(pid):
                return
            time.sleep(_POLL_S)  # not our child in every case, so it cannot be waited for
    raise EmbeddedError(f"process {pid} does not end")


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie of ours is reaped and counts as gone)."""
    try:
        reaped, _ = os.waitpid(pid, os.WNOHANG)
        if reaped == pid:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) != "Z"


def found_in(folder: Path, program: str) -> list[int]:
    """Processes called `program` whose working directory is `folder`: left over from a run that was killed.

    A pid file may name a stranger by now; the working directory cannot.
    """
    proc = Path("/proc")
    if not proc.is_dir():  # macOS: there is no such list to read
        return []
    wanted = str(folder.resolve())
    pids = []
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            here = str((entry / "cwd").readlink())
            name = (entry / "comm").read_text().strip()
        except OSError:  # ended meanwhile, or not ours to see
            continue
        if here == wanted and name.startswith(program):
            pids.append(int(entry.name))
    return pids


def parent_first(pids: list[int]) -> list[int]:
    """The pids whose parent is not among them."""
    return [pid for pid in pids if _parent(pid) not in pids]


STOP_FAST = (signal.SIGINT, signal.SIGQUIT)
STOP_TERM = (signal.SIGTERM, signal.SIGKILL)


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else ""


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "no log"
    return lines[-1] if lines else "empty log"
