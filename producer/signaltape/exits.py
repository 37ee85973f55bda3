"""At the end of a process: atexit, and what takes its place in a child of multiprocessing."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable

#: Behind what the child's own finalizers do, and what its queues still have to write (-5): they may emit.
_LAST = -100
_prepared_pid: int | None = None


def at_exit(act: Callable[[], None]) -> None:
    """Have `act` called when this process ends by itself."""
    atexit.register(act)


def at_exit_of_child(act: Callable[[], None]) -> None:
    """In a child of multiprocessing, have `act` called when it ends by itself. To be called in the child.

    Such a child leaves by `os._exit`, without atexit, but runs the finalizers that were registered since it began.
    A process that has not loaded multiprocessing is no such child, and does not load it for this.
    """
    global _prepared_pid  # noqa: PLW0603 - one of each process
    process = sys.modules.get("multiprocessing.process")
    if process is None or process.parent_process() is None or _prepared_pid == os.getpid():
        return
    _prepared_pid = os.getpid()
    from multiprocessing.util import Finalize  # in such a child it is loaded already

    Finalize(None, act, exitpriority=_LAST)
