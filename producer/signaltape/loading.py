"""No fork amid the loading of what an Emitter needs: the import of its child would wait for a thread it has not."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress

#: A fork waits so long at most: the thread that loads may itself wait for the one that forks.
_FORK_WAITS_S = 2.0

_lock = threading.RLock()  # a signal handler may fork, or make an Emitter, amid the loading of its own thread
_forks_wait = False


def load_alone(load: Callable[[], None]) -> None:
    """Call `load` while no other thread does so, or forks."""
    with _lock:
        _let_forks_wait()
        load()


def _let_forks_wait() -> None:
    global _forks_wait  # noqa: PLW0603 - once in a process
    if not _forks_wait:
        # First: who forks takes its lock behind ours then, and does not hold it while what is loaded asks for a logger.
        import logging  # noqa: F401 - to be there

        os.register_at_fork(
            before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
        )
        _forks_wait = True


def _before_fork() -> None:
    _lock.acquire(timeout=_FORK_WAITS_S)


def _after_fork_in_parent() -> None:
    with suppress(RuntimeError):  # it was not to be had in time
        _lock.release()


def _after_fork_in_child() -> None:
    global _lock  # noqa: PLW0603 - one of each process
    _lock = threading.RLock()
