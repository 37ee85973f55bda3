"""A process that has loaded the product and done nothing with it; others are forked from it, and need not load it.

    python -m tests.support.loaded

Its standard input is a socket that others connect to; it ends when none of them is left. A message asks for one
process: what it runs, where and with what environment, as JSON; with it come the files that shall be its standard ones,
and another socket, on which its pid and then its end are said.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from signaltape import failpoints
from tests.support.huge_pages import gather

#: What is run, and what of it loads late.
_RUN = (
    *("signaltape", "worker", "sink", "replay", "reports", "web", "desk", "ghost", "guard", "market"),
    "outbox",
)
_LOADED = (
    *(f"{room}.__main__" for room in _RUN[1:]),
    *(
        "signaltape.commands.cli",
        "signaltape.commands.control",
        "signaltape.commands.doctor",
        "signaltape.readying",
        "signaltape.journal.writer",
    ),
    *("signaltape.contract.explain", "signaltape.shipping.service", "signaltape.shipping.thread"),
    *("signaltape.integrations.prometheus", "reports.drawing.picture", "reports.schedule"),
    *("desk.process", "guard.process", "market.running", "tests.chaos.load", "tests.chaos.sender"),
    *("matplotlib.backends.backend_pdf", "fontTools.subset"),
    *("encodings.idna", "encodings.unicode_escape", "click._textwrap", "_strptime"),
)
#: Each is run as a program, and must not be there already.
_PROGRAMS = (*(f"{room}.__main__" for room in _RUN), "tests.chaos.load", "tests.chaos.sender")
_MOST_BYTES = 1 << 20
_FILES = 4


#: Of Linux: the signal for whom the process ends that it was forked from.
_PR_SET_PDEATHSIG = 1
_LIBRARY = ctypes.CDLL(None)
#: With what a forked process is to end.
_exit_code = 0
#: What a forked process does at a failpoint: it is loaded before it is known which shall end it.
_at_failpoint: Callable[[str], None] = failpoints._nothing


def main() -> None:
    """Load, and fork whenever asked; the forked process goes on as what was asked for."""
    atexit.register(_leave)  # the first, so it is called last
    failpoints.failpoint = lambda name: _at_failpoint(name)
    for name in _LOADED:
        import_module(name)
    for name in _PROGRAMS:
        sys.modules.pop(name, None)
    gc.collect()
    gc.freeze()
    gather()
    become = _serve(socket.socket(fileno=os.dup(0)))
    if become is not None:
        _end_as(become)


def _end_as(become: Callable[[], None]) -> None:
    """Do it, and keep the exit code that follows from how it ends."""
    global _exit_code
    try:
        become()
    except SystemExit as left:
        _exit_code = left.code if isinstance(left.code, int) else int(left.code is not None)
        raise
    except BaseException:
        _exit_code = 1
        raise


def _leave() -> None:
    """Behind all that is done at the end. What would follow, to let go of every module, takes most of the time."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(_exit_code)


def _serve(listener: socket.socket) -> Callable[[], None] | None:
    """Until whoever asks is gone; in a forked process, what it is to become."""
    lines: dict[int, socket.socket] = {}
    controls = [listener.accept()[0]]
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while controls:
        sockets = (listener, *controls)
        ready, _, _ = select.select([woken, *(one.fileno() for one in sockets)], [], [])
        if woken in ready:
            os.read(woken, _MOST_BYTES)
            _say_who_ended(lines)
        if listener.fileno() in ready:
            controls.append(listener.accept()[0])
        for control in [one for one in sockets[1:] if one.fileno() in ready]:
            message, files, _, _ = socket.recv_fds(control, _MOST_BYTES, _FILES)
            if not message:
                controls.remove(control)
                control.close()
                continue
            if not _forked(files, lines):
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for other in (listener, *controls, *lines.values()):
                    other.close()
                for one in (woken, wake, files.pop()):
                    os.close(one)
                return partial(_become, json.loads(message), files)
    return None


def _forked(files: list[int], lines: dict[int, socket.socket]) -> int:
    """Fork: its pid, which is said and kept with its line; 0 in the forked process."""
    pid = os.fork()
    if pid:
        lines[pid] = socket.socket(fileno=files.pop())
        lines[pid].send(str(pid).encode())
        for one in files:
            os.close(one)
    return pid


def _say_who_ended(lines: dict[int, socket.socket]) -> None:
    while lines:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with lines.pop(pid) as line:
            line.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(asked: dict[str, Any], files: list[int]) -> None:
    """Run a module as `python -m` does, or code as `python -c` does, with files and environment of its own."""
    global _at_failpoint
    _LIBRARY.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # it does not outlive the run, however that ends
    for place, one in enumerate(files):
        os.dup2(one, place)
        os.close(one)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    if armed := os.environ.get(failpoints._VARIABLE):
        _at_failpoint = failpoints._armed(failpoints._parse(armed))
    module, *arguments = asked["arguments"]
    if module == "-c":
        _run_code(*arguments)
    else:
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def _run_code(code: str, *arguments: str) -> None:
    sys.argv = ["-c", *arguments]
    sys.modules["__main__"] = main = ModuleType("__main__")
    exec(compile(code, "<string>", "exec"), main.__dict__)


if __name__ == "__main__":
    main()
